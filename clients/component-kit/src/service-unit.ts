/** What a manager of services runs. */
export interface Service {
  readonly component: string;
  readonly description: string;
  /** The program and its arguments, none of them relative. */
  readonly command: readonly string[];
  readonly home: string;
  readonly log: string;
}

/**
 * A systemd user unit. A crash is restarted; one that finds its name taken is not (exit
 * code 4). What it says outside of its log, such as the reason of a crash, lands there too.
 */
export function systemdUnit({ component, description, command, home, log }: Service): string {
  const about = description === "" ? "" : `: ${escapeSpecifiers(oneLine(description))}`;
  return `[Unit]
Description=Daphnia component ${component}${about}
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=exec
ExecStart=${command.map(quoteArgument).join(" ")}
Environment=${quote(`DAPHNIA_HOME=${home}`)}
StandardOutput=null
StandardError=append:${escapeSpecifiers(log)}
UMask=0077
Restart=on-failure
RestartSec=1
RestartPreventExitStatus=4
KillMode=mixed
TimeoutStopSec=15

[Install]
WantedBy=default.target
`;
}

/** A launchd agent: started at login, and again when it fails. */
export function launchdAgent(label: string, { command, home, log }: Service): string {
  const args = command.map((argument) => `    <string>${escapeXml(argument)}</string>`);
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${escapeXml(label)}</string>
  <key>ProgramArguments</key>
  <array>
${args.join("\n")}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
    <key>DAPHNIA_HOME</key>
    <string>${escapeXml(home)}</string>
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>Umask</key>
  <integer>63</integer>
  <key>ExitTimeOut</key>
  <integer>15</integer>
  <key>StandardErrorPath</key>
  <string>${escapeXml(log)}</string>
</dict>
</plist>
`;
}

/** An argument of ExecStart, where `$` names a variable besides. */
function quoteArgument(text: string): string {
  return quote(text).replaceAll("$", () => "$$");
}

function quote(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  return `"${escapeSpecifiers(escaped)}"`;
}

function escapeSpecifiers(text: string): string {
  return text.replaceAll("%", "%%");
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").replace(/\\$/, "");
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
