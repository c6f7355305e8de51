import { spawnSync } from "node:child_process";

/** How another process fares that opens a home's database as we do: its answer in words. */
export function openElsewhere(path: string): string {
  return run(
    `import { openDatabase } from ${JSON.stringify(new URL("../open-database.ts", import.meta.url))};
     const began = performance.now();
     try { openDatabase(process.argv[1]).close(); console.log("opened"); }
     catch (error) { console.log(error.message, performance.now() - began < 1000 ? "at once" : "late"); }`,
    path,
  );
}

/** Whether another process that knows nothing of us can write to the file. */
export function writeElsewhere(path: string): string {
  return run(
    `import { DatabaseSync } from "node:sqlite";
     try {
       const db = new DatabaseSync(process.argv[1], { timeout: 0 });
       db.exec("BEGIN IMMEDIATE; INSERT OR REPLACE INTO meta VALUES('intruder', 'x'); COMMIT");
       console.log("wrote");
     } catch (error) { console.log(error.message); }`,
    path,
  );
}

function run(script: string, path: string): string {
  const args = ["--input-type=module", "-e", script, path];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return (stdout || stderr).trim();
}
