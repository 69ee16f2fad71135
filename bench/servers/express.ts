// Peer `express`: no sandbox, the mark that the others are measured against.
import { createServer } from 'node:http';
import { announce } from './announce.ts';
import { makeApp, openDatabase } from './app.ts';

const [databaseUrl = ''] = process.argv.slice(2);
announce(createServer(makeApp(openDatabase(databaseUrl))));
