// `exceptions` of Directus 9 and 10, which packages still read from the context. Must never be more than data with a name: fault.ts renders them by their shape.

type Extensions = Readonly<Record<string, unknown>>;

class BaseException extends Error {
  readonly status: number;
  readonly code: string;
  readonly extensions: Extensions;

  constructor(message: string, status: number, code: string, extensions: Extensions = {}) {
    super(message);
    this.name = new.target.name;
    this.status = status;
    this.code = code;
    this.extensions = extensions;
  }
}

class ForbiddenException extends BaseException {
  constructor(message = "You don't have permission to access this.", extensions?: Extensions) {
    super(message, 403, 'FORBIDDEN', extensions);
  }
}
class InvalidPayloadException extends BaseException {
  constructor(message: string, extensions?: Extensions) {
    super(message, 400, 'INVALID_PAYLOAD', extensions);
  }
}
class InvalidQueryException extends BaseException {
  constructor(message: string, extensions?: Extensions) {
    super(message, 400, 'INVALID_QUERY', extensions);
  }
}
class ServiceUnavailableException extends BaseException {
  constructor(message: string, extensions?: Extensions) {
    super(message, 503, 'SERVICE_UNAVAILABLE', extensions);
  }
}
class InvalidCredentialsException extends BaseException {
  constructor(message = 'Invalid user credentials.', extensions?: Extensions) {
    super(message, 401, 'INVALID_CREDENTIALS', extensions);
  }
}
class RouteNotFoundException extends BaseException {
  constructor(path: string, extensions?: Extensions) {
    super(`Route ${path} doesn't exist.`, 404, 'ROUTE_NOT_FOUND', extensions);
  }
}

export const exceptions: Readonly<Record<string, typeof BaseException | (new (...args: never) => BaseException)>> = {
  BaseException,
  ForbiddenException,
  InvalidPayloadException,
  InvalidQueryException,
  ServiceUnavailableException,
  InvalidCredentialsException,
  RouteNotFoundException,
};
