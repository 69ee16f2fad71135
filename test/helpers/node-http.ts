// node:http for helpers. Must never be imported as others are: that evaluates all its exports, the web's among them, which takes 50 ms of every start.
export const http = process.getBuiltinModule('node:http');
