// What is compared with: the least that Node needs to answer a request over HTTP/2. Plain JavaScript,
// since stripping types costs memory and time too.
import { createServer } from "node:http2";

const server = createServer((_request, response) => response.end("{}"));
server.listen(process.argv[2]);
process.on("SIGTERM", () => process.exit(0));
