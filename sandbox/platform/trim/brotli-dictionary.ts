// The dictionary of brotli.js in the form its package keeps for browsers: a tenth of the other. Must hold nothing else.
export { init } from 'brotli/dec/dictionary-browser.js';
