import type { Argument } from "./argument.ts";
import { isLiteral } from "./argument.ts";
import type { Judging } from "./judging.ts";

const network =
  /^(curl|wget|nc|ncat|netcat|ssh|scp|sftp|rsync|ftp|telnet|ping|dig|nslookup|host|socat|gh|glab|aws|gcloud|az|kubectl|docker|podman|openssl)$/;
const disks = /^(mkfs(\..*)?|fdisk|sfdisk|parted|wipefs|mke2fs|blkdiscard)$/;
const systemFolder = /^\/([^/]+\/?)?$/;

/** Programs that no list lets run: why they ask, and what must never run. */
export function judgeUnlisted(name: string, words: readonly Argument[], judging: Judging): void {
  const texts = words.map((word) => (isLiteral(word) ? word.text : ""));
  if (name === "rm") {
    judgeRemoval(words, judging);
    return;
  }
  if (name === "daphnia") {
    judgeOurselves(words, judging);
    return;
  }
  if (disks.test(name)) {
    judging.run("destructive", `${name} changes disks`, words);
    return;
  }
  if (name === "dd") {
    const target = texts.find((text) => text.startsWith("of="));
    if (target !== undefined) judging.write({ text: target.slice(3) });
  }
  if (network.test(name)) {
    for (const text of texts) {
      const host = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/@]*@)?(\[[^\]]*\]|[^/:?#]+)/i.exec(text)?.[1];
      if (host !== undefined) judging.reach(host.toLowerCase());
    }
    judging.run("fixed", `${name} may send data out`, words);
    return;
  }
  judging.run("unknown", `${name} is not a program that is known to be harmless`, words);
}

function judgeRemoval(words: readonly Argument[], judging: Judging): void {
  const rest = words.slice(1);
  const over = rest.findIndex(({ text }) => text === "--");
  const flags = rest.filter(({ text }, at) => text?.startsWith("-") && (over < 0 || at < over));
  const operands = rest.filter((word, at) => !flags.includes(word) && at !== over);
  const isDeep = flags.some(({ text }) => /^-[a-zA-Z]*[rR]|^--r/.test(text ?? ""));
  for (const word of operands) judging.write(word, isDeep);
  const isSystem = operands.some((word) => word.text !== null && reachesSystem(word, judging));
  if (isDeep && isSystem) judging.run("destructive", "it removes a part of the system", words);
  else judging.run("unknown", "rm deletes", words);
}

/** `/`, a folder directly below it, or all that lies in one of these. */
function reachesSystem(word: Argument, { cwds, scene }: Judging): boolean {
  const text = (word.text ?? "").replace(/\/+\**$/, "/").replace(/\/{2,}/g, "/");
  return cwds.some((cwd) => {
    const path = scene.disk.real(resolveSteps(cwd, text));
    return systemFolder.test(path) && !(path === "/tmp" || scene.roots.includes(path));
  });
}

function resolveSteps(cwd: string, text: string): string {
  const steps: string[] = text.startsWith("/") ? [] : cwd.split("/").filter((step) => step !== "");
  for (const step of text.split("/")) {
    if (step === "..") steps.pop();
    else if (step !== "" && step !== ".") steps.push(step);
  }
  return `/${steps.join("/")}`;
}

/** An agent never answers its own approvals and never changes its own rules. */
function judgeOurselves(words: readonly Argument[], judging: Judging): void {
  const command = words.slice(1).find(({ text }) => !text?.startsWith("-"))?.text;
  const isOurs = /^(approvals?|approve|rules?|trust|config|tokens?|daemon|agents?|purge)$/.test(
    command ?? "",
  );
  if (isOurs) judging.run("destructive", "an agent never changes what it may do", words);
  else judging.run("unknown", "it speaks with the daemon", words);
}
