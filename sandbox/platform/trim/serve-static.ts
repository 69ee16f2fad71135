// Stands in for serve-static. Must never return a middleware: the author hears at registration that there are no files to serve.
import { noFileSystem } from '../http/node-error.ts';

export default (): never => {
  throw noFileSystem('express.static()');
};
