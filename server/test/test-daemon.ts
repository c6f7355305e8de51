// The daemon that the tests talk to: the same main, with two tools more.
import { runDaemon } from "../src/daemon/main.ts";
import { testTools } from "./tools.ts";

const dashboard = process.env["TEST_DASHBOARD"];

process.exitCode = await runDaemon({
  tools: testTools,
  ...(dashboard !== undefined && { dashboard }),
  onReady: (daemon) => process.stdout.write(`${JSON.stringify(daemon)}\n`),
});
