// Which HTTP status an error has here. Must never change its code.
import { type CloisterError, type ErrorCode, errorTable, type PublicError } from '../../errors.ts';

/** At a start they are the host's trouble; here they are what is wrong with what was sent. */
const ofWhatWasSent: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_APPROVAL_NEEDED',
  'ERR_ARCHIVE_INVALID',
  'ERR_ARCHIVE_UNTRUSTED',
  'ERR_DATABASE_UNSAFE',
  'ERR_EXTENSION_CONFLICT',
  'ERR_MANIFEST_INVALID',
  'ERR_OPTIONS_INVALID',
  'ERR_PACKAGE_BUNDLE',
  'ERR_PACKAGE_INVALID',
  'ERR_REGISTER_FAILED',
]);

export const apiStatus = (code: ErrorCode): number => (ofWhatWasSent.has(code) ? 422 : errorTable[code].status);

export const asApiError = ({ code, message, details }: CloisterError): PublicError => ({ status: apiStatus(code), code, message, details });
