/** The house plan: every room of server/src, and the rooms below that it may look into. */
export const plan: Readonly<Record<string, readonly string[]>> = {
  base: [],
  "core/log": ["base"],
  "core/tool": ["base"],
  "core/model": ["base"],
  "core/component": ["base", "core/tool"],
  "core/permission": ["base", "core/tool"],
  "core/agent": ["base", "core/log", "core/tool", "core/model", "core/permission"],
  "core/session": ["base", "core/log", "core/tool", "core/model", "core/permission", "core/agent"],
  "core/projection": ["base", "core/log"],
  "plugins/arguments": ["base", "core/tool"],
  "plugins/bash": ["base", "core/tool"],
  // What a person writes in TOML is told with its line, wherever it is: a leaf that knows nobody.
  "plugins/toml": ["base"],
  // One reader for rules and modes, wherever they are written.
  "plugins/config": ["base", "plugins/toml", "core/permission"],
  "plugins/fetch": ["base", "core/tool"],
  "plugins/files": ["base", "core/tool"],
  "plugins/mcp": ["base", "core/tool", "core/component"],
  "plugins/memory": ["base", "core/log"],
  // It hands on a text, and knows nobody.
  "plugins/notify": [],
  // It reads what others write, and knows nobody.
  "plugins/port-files": ["base"],
  "plugins/providers": ["base", "core/model"],
  "plugins/scripted": ["base", "core/model", "plugins/toml"],
  "plugins/shell": ["base", "core/tool"],
  "plugins/sqlite": ["base", "core/log"],
  services: [
    "base",
    "core/log",
    "core/tool",
    "core/model",
    "core/component",
    "core/permission",
    "core/agent",
    "core/session",
    "core/projection",
  ],
  daemon: [
    "base",
    "core/log",
    "core/tool",
    "core/model",
    "core/component",
    "core/permission",
    "core/agent",
    "core/session",
    "core/projection",
    "plugins/arguments",
    "plugins/bash",
    "plugins/config",
    "plugins/fetch",
    "plugins/files",
    "plugins/mcp",
    "plugins/notify",
    "plugins/port-files",
    "plugins/providers",
    "plugins/scripted",
    "plugins/shell",
    "plugins/sqlite",
    "services",
  ],
};

/** A package that only some rooms may import. `*` stands for anything; the first match decides. */
export interface Door {
  readonly package: string;
  readonly rooms: readonly string[];
  readonly why: string;
}

export const doors: readonly Door[] = [
  { package: "node:*", rooms: ["plugins", "daemon"], why: "core decides, it does no I/O" },
  {
    package: "@connectrpc/connect-node",
    rooms: ["daemon"],
    why: "one room listens",
  },
  { package: "@connectrpc/*", rooms: ["services", "daemon"], why: "one room knows the wire" },
  {
    package: "@daphnia/protocol/*_service",
    rooms: ["services", "daemon"],
    why: "core speaks events, not RPCs",
  },
  {
    package: "@daphnia/protocol/g*/*",
    rooms: ["services", "daemon"],
    why: "one room knows the standards' wire",
  },
  {
    package: "@daphnia/protocol/*",
    rooms: ["core", "plugins", "services", "daemon"],
    why: "base knows no agents",
  },
  {
    package: "@bufbuild/*",
    rooms: ["core", "plugins", "services", "daemon"],
    why: "base knows no messages",
  },
  { package: "pino", rooms: ["daemon"], why: "one room writes the daemon's log" },
  {
    package: "*",
    rooms: ["plugins", "daemon"],
    why: "only plugins speak with vendors; name pure libraries in the plan",
  },
];

export const maxLines = 300;
