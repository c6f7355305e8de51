// What `daphnia ask` is compared with: the least that Node needs to ask over HTTP/2 and print.
import { connect } from "node:http2";
import { createConnection } from "node:net";

const session = connect("http://localhost", {
  createConnection: () => createConnection(process.argv[2] ?? ""),
});
const request = session.request({ ":method": "POST", ":path": "/" });
request.on("data", (chunk) => process.stdout.write(chunk));
request.on("end", () => session.close());
request.end("{}");
