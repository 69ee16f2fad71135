// node:zlib for body-parser: a compressed body is answered 415, the host inflates what it lets in. Must never look as if it could.

const refuse = (): never => {
  throw Object.assign(new Error('content encoding unsupported'), {
    status: 415,
    statusCode: 415,
    type: 'encoding.unsupported',
    expose: true,
  });
};

export default { createInflate: refuse, createGunzip: refuse, createBrotliDecompress: refuse };
