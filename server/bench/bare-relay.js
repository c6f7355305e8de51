// What a streamed answer is compared with: a server that passes a model's bytes on as they are.
import { request } from "node:http";
import { createServer } from "node:http2";

const [socket = "", model = ""] = process.argv.slice(2);
const server = createServer((asked, response) => {
  if (asked.url !== "/relay") return response.end("{}");
  const call = request(model, { method: "POST" }, (answer) => answer.pipe(response));
  call.end("{}");
});
server.listen(socket);
process.on("SIGTERM", () => process.exit(0));
