#!/usr/bin/env node
// Written for any Node since 14.8: the one that starts this file may be too old for the rest.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const self = fileURLToPath(import.meta.url);
const here = dirname(self);
const source = join(here, "../src/main.ts"); // not in the published package
const isCheckout = existsSync(source);
const entry = isCheckout ? source : join(here, "../dist/daphnia.js");

if (Number(process.versions.node.split(".")[0]) >= 24) {
  // Halves the start. Never the default folder: that one is shared with other users.
  const cache = isCheckout
    ? join(here, "../../../node_modules/.cache/daphnia")
    : join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "daphnia");
  if (!process.env.NODE_COMPILE_CACHE) module.enableCompileCache(cache);
  await import(pathToFileURL(entry).href);
} else {
  const pinned = findPinned();
  if (!pinned) {
    process.stderr.write(
      `daphnia needs Node 24.15 or newer; this is ${process.version} (${process.execPath}).\n`,
    );
    process.exit(1);
  }
  const child = spawn(pinned, [self, ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal interrupts both of us; told twice, the child would give up in the middle of its end.
  const isTold = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  process.on("SIGINT", () => isTold || child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (!signal) process.exit(code === null ? 1 : code);
    process.removeAllListeners(signal); // or our own handler swallows it and the shim ends with 0
    process.kill(process.pid, signal);
  });
}

/** The Node that a checkout pins through npm. */
function findPinned() {
  for (let folder = here; ; folder = dirname(folder)) {
    const file = join(folder, "node_modules/.bin/node");
    if (existsSync(file)) return file;
    if (folder === dirname(folder)) return undefined;
  }
}
