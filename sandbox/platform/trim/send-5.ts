// Stands in for send under Express 5, which takes nothing else from it. Must never look anything up.
import { noFileSystem } from '../http/node-error.ts';

export default (): never => {
  throw noFileSystem('res.sendFile() or res.download()');
};
