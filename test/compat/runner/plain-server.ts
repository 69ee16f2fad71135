// Serves one extension by plain Express in plain Node: the measure of what it should answer. Run as `plain-server.ts FOLDER 4|5`; says its port on standard output. Must never listen beyond the loopback.
import http from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadExpress } from '../../helpers/plain-host.ts';

const [folder = '', major] = process.argv.slice(2);
const { default: register } = (await import(pathToFileURL(path.join(folder, 'index.js')).href)) as {
  readonly default: (router: unknown, context: object) => unknown;
};
const make = loadExpress(major === '5' ? 5 : 4);
const app = make();
const router = make.Router();
await register(router, {});
app.use('/', router);
const server = http.createServer(app);
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify(server.address())));
// Without its starter it has no purpose.
process.stdin.on('end', () => process.exit()).resume();
