import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Rule, RuleAction, RuleSchema } from "@daphnia/protocol/permission";
import { guards } from "../tool/guarded-paths.ts";

/** A named rule set. */
export interface Mode {
  readonly name: ModeName;
  /** Asked before anybody else's, so that no other rule loosens them. */
  readonly guards: readonly Rule[];
  /** Asked after everybody else's. */
  readonly rules: readonly Rule[];
  /** What becomes of what no rule fits. */
  readonly otherwise: RuleAction;
}

export const modeNames = ["readonly", "restrictive", "guarded", "standard", "yolo"] as const;
export type ModeName = (typeof modeNames)[number];

export const isModeName = (name: string): name is ModeName =>
  modeNames.some((known) => known === name);

const { ALLOW, ASK, DENY } = RuleAction;

type Line = Omit<MessageInitShape<typeof RuleSchema>, "action" | "$typeName">;

const lines =
  (group: string) =>
  (action: RuleAction, name: string, ...all: readonly Line[]): Rule[] =>
    all.map((line) => create(RuleSchema, { tool: "*", ...line, action, name: `${group}:${name}` }));

const builtIn = lines("built-in");

const devices = "is a device";

/** In every mode, whoever says otherwise. */
const denials: readonly Rule[] = [
  ...builtIn(DENY, "daemon-home", {
    path: "{closed}/**",
    why: "belongs to the daemon, and no tool may touch it",
  }),
  ...builtIn(DENY, "destructive", { risk: "destructive" }),
  ...guards.flatMap(({ name, paths, why }) =>
    builtIn(DENY, name, ...paths.map((path) => ({ claim: "write", path, why }))),
  ),
  ...builtIn(
    DENY,
    "devices",
    ...[
      "sd*",
      "hd*",
      "vd*",
      "xvd*",
      "nvme*",
      "mmcblk*",
      "dm-*",
      "md*",
      "loop*",
      "disk/**",
      "mapper/**",
      "rdisk*",
      "mem",
      "kmem",
      "port",
    ].map((name) => ({ claim: "write", path: `/dev/${name}`, why: devices })),
  ),
];

const secretNames = [
  ".env",
  ".env.*",
  ".envrc",
  "*.pem",
  "*.key",
  "*.p12",
  "*.pfx",
  "*.jks",
  "*.keystore",
  "id_rsa*",
  "id_dsa*",
  "id_ecdsa*",
  "id_ed25519*",
  ".npmrc",
  ".netrc",
  "_netrc",
  ".pypirc",
  ".pgpass",
  ".git-credentials",
  "credentials",
  "credentials.json",
  ".htpasswd",
  ".ssh/**",
  ".gnupg/**",
  ".aws/**",
  ".kube/**",
  ".docker/config.json",
  ".config/gh/**",
  ".config/gcloud/**",
];
const examples = [".env.example", ".env.sample", ".env.template"];
const runByOthers = [
  ".git/**",
  ".github/workflows/**",
  ".gitlab-ci.yml",
  ".husky/**",
  ".vscode/**",
  ".idea/**",
  ".envrc",
  ".mcp.json",
  ".claude/**",
  ".cursor/**",
  ".gitmodules",
  ".gitattributes",
];

/** What a person always sees before it happens, in the modes that ask. */
const caution: readonly Rule[] = [
  ...builtIn(
    ALLOW,
    "example",
    ...examples.map((name) => ({ tool: "bash", claim: "read", path: `{roots}/**/${name}` })),
  ),
  ...builtIn(
    ASK,
    "secrets",
    ...secretNames.map((name) => ({ tool: "bash", path: `**/${name}`, why: "may hold secrets" })),
  ),
  ...builtIn(
    ASK,
    "run-by-others",
    ...runByOthers.map((name) => ({
      claim: "write",
      path: `**/${name}`,
      why: "may be run by another program",
    })),
  ),
];

const readsInRoots: Line = { claim: "read", path: "{roots}/**" };
const systemFiles = [
  "/usr/include/**",
  "/usr/share/**",
  "/usr/lib/**",
  "/etc/os-release",
  "/etc/debian_version",
  "/etc/lsb-release",
  "/proc/cpuinfo",
  "/proc/meminfo",
  "/proc/version",
  "/proc/loadavg",
  "/proc/uptime",
];

const guarded = (mode: string): Rule[] => {
  const line = lines(mode);
  return [
    ...line(ALLOW, "reads-in-roots", readsInRoots),
    ...line(ALLOW, "reading-commands", { tool: "bash", claim: "run", risk: "plain" }),
    ...line(ALLOW, "reading-components", { claim: "use", risk: "plain" }),
    ...line(
      ALLOW,
      "system-files",
      ...systemFiles.map((path) => ({ tool: "bash", claim: "read", path })),
    ),
  ];
};

const standard = lines("standard");

const modes: Readonly<Record<ModeName, Mode>> = {
  readonly: {
    name: "readonly",
    guards: [
      ...denials,
      ...lines("readonly")(
        DENY,
        "only-reads",
        ...["write", "run", "reach", "use", "opaque"].map((claim) => ({
          claim,
          why: "is more than a read",
        })),
      ),
    ],
    rules: lines("readonly")(ALLOW, "reads-in-roots", readsInRoots),
    otherwise: DENY,
  },
  restrictive: {
    name: "restrictive",
    guards: [...denials, ...caution],
    rules: lines("restrictive")(ALLOW, "reads-in-roots", readsInRoots),
    otherwise: ASK,
  },
  guarded: {
    name: "guarded",
    guards: [...denials, ...caution],
    rules: guarded("guarded"),
    otherwise: ASK,
  },
  standard: {
    name: "standard",
    guards: [...denials, ...caution],
    rules: [
      ...guarded("standard"),
      ...standard(ALLOW, "writes-in-roots", { claim: "write", path: "{roots}/**" }),
      ...standard(ALLOW, "temp", { claim: "write", path: "{temp}/**" }),
      ...standard(ALLOW, "components", { claim: "use" }),
      ...standard(ALLOW, "project-code", {
        tool: "bash",
        claim: "run",
        risk: "project",
        sandboxed: true,
      }),
    ],
    otherwise: ASK,
  },
  yolo: { name: "yolo", guards: denials, rules: [], otherwise: ALLOW },
};

export const modeOf = (name: ModeName): Mode => modes[name];
