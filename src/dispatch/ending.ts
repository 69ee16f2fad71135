// Reasons for which a cell ends, where more than one file has to know them. Must hold no code.

/** The engine had to terminate an entry: the isolate is not trusted for long after that. */
export const terminated = 'an entry had to be terminated';
