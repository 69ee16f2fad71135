// Middleware that lets a request through, or does not.

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Counts what each request passed on its way. */
export const startTrail = (req, res, next) => {
  req.trail = [];
  res.set('x-guarded', 'yes');
  next();
};

export const note = (name) => (req, _res, next) => {
  req.trail.push(name);
  next();
};

/** The word is no secret: it is here to be tried out. */
export const askForWord = (req, _res, next) => {
  if (req.query.word === 'sesame') return next();
  next(new Refused(401, 'say ?word=sesame'));
};

export const askForJson = (req, _res, next) => {
  if (req.is('application/json')) return next();
  next(new Refused(415, 'send JSON'));
};
