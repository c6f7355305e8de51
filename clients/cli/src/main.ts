/** The command line's entry: runs one command and ends the process with its exit code. */
const arguments_ = process.argv.slice(2);
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0); // whoever read this has enough
  throw error;
});
leave(await run(arguments_));

async function run(args: readonly string[]): Promise<number> {
  if (isPlainRun(args)) {
    const { serveHome } = await import("./serve-home.ts");
    return serveHome({ json: false });
  }
  const { runCommand } = await import("./run-command.ts");
  return runCommand(args);
}

/**
 * `daphnia daemon run`, as services and `daemon start` say it. It waits for no grammar of
 * a command line: that would be a tenth of its start.
 */
function isPlainRun(args: readonly string[]): boolean {
  return args.join(" ") === "daemon run" && !process.env["DAPHNIA_URL"];
}

/** Once everything is written: what an idle connection still holds must not keep the process. */
function leave(code: number): void {
  process.stdout.write("", () => process.exit(code));
}
