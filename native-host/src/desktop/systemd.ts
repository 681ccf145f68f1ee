/** The service as a unit of the user's systemd: there from log-in on, started again if it fails. */
import { join } from "node:path";
import { type Changes, NO_CHANGES } from "./changes.ts";

const UNIT = "partyline.service";

export function systemdUnit(configHome: string, launcher: string): Changes {
  const path = join(configHome, "systemd", "user", UNIT);
  const wants = join(configHome, "systemd", "user", "default.target.wants", UNIT);
  return {
    ...NO_CHANGES,
    files: [{ path, text: unitText(launcher) }],
    ownPaths: [wants],
    notices: [
      { program: "systemctl", args: ["--user", "daemon-reload"] },
      { program: "systemctl", args: ["--user", "enable", "--now", UNIT] },
    ],
  };
}

/** What ends it before its file goes. */
export const STOP_UNIT = { program: "systemctl", args: ["--user", "disable", "--now", UNIT] } as const;

function unitText(launcher: string): string {
  return `[Unit]
Description=Partyline: one SIP service for every application
After=network-online.target sound.target

[Service]
Type=simple
ExecStart=${unitWord(launcher)}
Restart=on-failure
RestartSec=2
# It says goodbye to its peers first.
TimeoutStopSec=6
NoNewPrivileges=yes

[Install]
WantedBy=default.target
`;
}

/** One word of ExecStart, whatever is in it (systemd.service(5), "COMMAND LINES"). */
function unitWord(word: string): string {
  return `"${word
    .replace(/(["\\])/g, "\\$1")
    .replaceAll("%", "%%")
    .replaceAll("$", "$$$$")}"`;
}
