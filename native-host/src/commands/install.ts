/** `partyline install`: tells browsers where the native host is, and the system who opens sip: links. */
import { manifestChanges } from "../desktop/browser-manifests.ts";
import { apply } from "../desktop/changes.ts";
import { launcherText, writeLauncher } from "../desktop/launchers.ts";
import { sandboxedBrowsers } from "../desktop/sandboxed-browsers.ts";
import { installHandler, type Schemes } from "../desktop/sip-handler/handler.ts";
import { systemdUnit } from "../desktop/systemd.ts";
import { type CliCommand, CommandError, type Input, print } from "./command.ts";
import {
  BROWSER_OPTIONS,
  bridgePath,
  environmentOf,
  isWhole,
  openerPath,
  starterPath,
  targetsOf,
  whereOf,
} from "./installation.ts";

export const install: CliCommand = {
  summary: "Lets browsers start the SIP service, and the system open sip: links with it.",
  usage: "[--browser NAME]… [--user-data-dir DIR] [--tel] [--no-links] [--systemd]",
  options: {
    ...BROWSER_OPTIONS,
    tel: { type: "boolean", help: "telephone numbers (tel:) are opened with Partyline too" },
    "no-links": { type: "boolean", help: "leave sip: links to whoever opens them now" },
    systemd: { type: "boolean", help: "start the service when you log in (Linux, systemd)" },
  },
  words: [0, 0],
  run: async (input) => {
    const { platform } = process;
    if (input.flag("systemd") && platform !== "linux")
      throw new CommandError("--systemd is for Linux; here browsers start the service when they need it.");
    await installBrowsers(input);
    if (input.text("user-data-dir") === undefined && !input.flag("no-links")) await installLinks(input);
    if (input.flag("systemd")) await installUnit(input);
    return 0;
  },
};

async function installBrowsers(input: Input): Promise<void> {
  const targets = await targetsOf(input);
  const launcher = bridgePath(input);
  await writeLauncher(launcher, launcherText("bridge", environmentOf(input), process.platform));
  for (const { path, browser, words } of targets) {
    await apply(manifestChanges(path, launcher, browser, process.platform));
    say(input, words, path);
  }
  if (!isWhole(input)) return;
  if (targets.length === 0)
    tell(
      input,
      "No browser has run for you yet; later, or for another one: partyline install --browser NAME",
    );
  for (const words of await sandboxedBrowsers(whereOf(input).home)) tell(input, words);
}

async function installLinks(input: Input): Promise<void> {
  const schemes: Schemes = input.flag("tel") ? ["sip", "sips", "tel"] : ["sip", "sips"];
  const launcher = openerPath(input);
  await writeLauncher(launcher, launcherText("open", environmentOf(input), process.platform));
  await installHandler(whereOf(input), launcher, schemes);
  say(input, `${schemes.map((scheme) => `${scheme}:`).join(" ")} links`, launcher);
}

async function installUnit(input: Input): Promise<void> {
  const launcher = starterPath(input);
  await writeLauncher(launcher, launcherText("service", environmentOf(input), process.platform));
  const unit = systemdUnit(whereOf(input).configHome, launcher);
  await apply(unit);
  say(input, "systemd", unit.files[0]?.path ?? "");
}

function say(input: Input, words: string, path: string): void {
  print(input.flag("json") ? JSON.stringify({ installed: words, path }) : `${words}: ${path}`);
}

/** What only people need to know. */
function tell(input: Input, words: string): void {
  if (!input.flag("json")) print(words);
}
