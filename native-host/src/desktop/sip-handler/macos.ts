/** sip: links on macOS: a small application made by `osacompile`, for the system hands over a link by an event, not as an argument. */
import { join } from "node:path";
import { type Changes, NO_CHANGES } from "../changes.ts";
import type { Schemes } from "./handler.ts";

const LSREGISTER =
  "/System/Library/Frameworks/CoreServices.framework/Frameworks/LaunchServices.framework/Support/lsregister";

export function macHandler(home: string, launcher: string, schemes: Schemes): Changes {
  const folder = join(home, "Library", "Application Support", "Partyline");
  const script = join(folder, "open.applescript");
  const application = join(home, "Applications", "Partyline.app");
  const plist = join(application, "Contents", "Info.plist");
  return {
    ...NO_CHANGES,
    files: [{ path: script, text: openScript(launcher) }],
    ownPaths: [application],
    notices: [
      { program: "/usr/bin/osacompile", args: ["-o", application, script] },
      {
        program: "/usr/bin/plutil",
        args: ["-replace", "CFBundleIdentifier", "-string", "org.partyline.open", plist],
      },
      {
        program: "/usr/bin/plutil",
        args: ["-replace", "CFBundleURLTypes", "-json", urlTypes(schemes), plist],
      },
      { program: LSREGISTER, args: ["-f", application] },
    ],
  };
}

/** `quoted form of` makes one word of whatever a link brings. */
function openScript(launcher: string): string {
  const path = launcher.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return `on open location theLink
  do shell script (quoted form of "${path}") & " " & (quoted form of theLink) & " > /dev/null 2>&1 &"
end open location
`;
}

function urlTypes(schemes: Schemes): string {
  return JSON.stringify([{ CFBundleURLName: "SIP address", CFBundleURLSchemes: schemes }]);
}
