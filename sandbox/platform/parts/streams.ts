// The part `streams`: the web's streams, and node's turned into them and back. Must never be imported by a file of the image.
import * as nodeWeb from '../streams/node-web.ts';
import { webStreams } from '../streams/web-streams.ts';

export { nodeWeb, webStreams };
