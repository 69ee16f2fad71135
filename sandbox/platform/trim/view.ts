// Stands in for Express's View, which finds templates on disk. Must never load an engine.
import { noFileSystem } from '../http/node-error.ts';

export default class View {
  constructor() {
    throw noFileSystem('res.render() or app.render()');
  }
}
