import { lstat, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isWithin } from "./command-environment.ts";

/** What no command in a sandbox reads: keys, tokens, histories. Relative to the home folder. */
const secrets = [
  ...[".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store", ".terraform.d"],
  ...[".config/gh", ".config/gcloud", ".config/hub", ".config/op", ".config/rclone"],
  ...[".config/glab-cli", ".config/git/credentials", ".config/google-chrome", ".config/chromium"],
  ...[".mozilla", ".thunderbird", ".local/share/keyrings", ".local/share/kwalletd", ".colima"],
  ...[".netrc", ".npmrc", ".yarnrc.yml", ".pypirc", ".git-credentials", ".pgpass", ".my.cnf"],
  ...[".cargo/credentials", ".cargo/credentials.toml", ".gem/credentials", ".vault-token"],
  ...[".m2/settings.xml", ".gradle/gradle.properties", ".boto", ".s3cfg"],
  ...[".bash_history", ".zsh_history", ".python_history", ".node_repl_history", ".psql_history"],
];

/** Sockets that obey whoever reaches them, and what only root reads. A read-only mount stops no connection. */
const system = [
  ...["/var/lib/lxd", "/var/lib/incus", "/var/snap/lxd/common/lxd", "/var/lib/docker"],
  ...["/var/lib/mysql", "/var/lib/libvirt", "/etc/shadow", "/etc/gshadow"],
];

/** A real path and what it is. */
export interface Found {
  readonly path: string;
  readonly isFolder: boolean;
}

/** What is there of the secrets of a home and of the system's doors, by real path. */
export async function findSecrets(home: string): Promise<readonly Found[]> {
  const own = secrets.map((name) => join(home, name));
  const found = await Promise.all([...own, ...system].map(find));
  return found.flatMap((one) => one ?? []);
}

/** A path by its real name; undefined when there is nothing. */
export async function find(path: string): Promise<Found | undefined> {
  try {
    const real = await realpath(path);
    return { path: real, isFolder: (await lstat(real)).isDirectory() };
  } catch {
    return undefined; // nothing there, or nothing that may be seen
  }
}

/** The folders between a path and the root it lies in, outermost first; they must not be moved away. */
export function foldersTo(path: string, roots: readonly string[]): readonly string[] {
  const folders: string[] = [];
  let folder = dirname(path);
  while (roots.some((root) => folder !== root && isWithin(folder, root))) {
    folders.unshift(folder);
    folder = dirname(folder);
  }
  return folders;
}
