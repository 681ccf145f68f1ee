/** `partyline doctor`: looks at every part of the installation and says what is wrong and what to do. */
import { ApiClient } from "../api/client.ts";
import { connectToService } from "../api/reach-service.ts";
import { checkBrowser } from "../desktop/doctor/browsers.ts";
import { checkConfig, checkDataDir, checkNode, checkRuntimeDir } from "../desktop/doctor/files.ts";
import { type Finding, warning } from "../desktop/doctor/finding.ts";
import { checkLinks, checkUnit } from "../desktop/doctor/links.ts";
import { checkService } from "../desktop/doctor/service.ts";
import { sandboxedBrowsers } from "../desktop/sandboxed-browsers.ts";
import { systemdUnit } from "../desktop/systemd.ts";
import { configFile } from "../environment.ts";
import { type CliCommand, type Input, print, printable } from "./command.ts";
import { BROWSER_OPTIONS, openerPath, starterPath, targetsOf, whereOf } from "./installation.ts";

const MARKS = { ok: "ok     ", warning: "look   ", broken: "BROKEN " } as const;

export const doctor: CliCommand = {
  summary: "Says in words what works and what to do about the rest.",
  usage: "[--browser NAME]… [--user-data-dir DIR] [--json]",
  options: BROWSER_OPTIONS,
  words: [0, 0],
  run: async (input) => {
    const findings = await examine(input);
    if (input.flag("json")) print(JSON.stringify(findings));
    else for (const finding of findings) print(line(finding));
    return findings.some(({ state }) => state === "broken") ? 1 : 0;
  },
};

async function examine(input: Input): Promise<readonly Finding[]> {
  const where = whereOf(input);
  const findings = await Promise.all([
    checkNode(),
    checkConfig(input.text("config") ?? configFile()),
    checkRuntimeDir(input.runtimeDir),
    checkDataDir(where.dataDir),
    checkService(async () => new ApiClient(await connectToService(input.runtimeDir))),
    browsers(input),
    where.platform === "linux" ? checkLinks(where, openerPath(input)) : [],
    checkUnit(systemdUnit(where.configHome, "").files[0]?.path ?? "", starterPath(input)),
  ]);
  return findings.flat().filter((finding) => finding !== undefined);
}

async function browsers(input: Input): Promise<readonly Finding[]> {
  const targets = await targetsOf(input);
  const sandboxed = await sandboxedBrowsers(whereOf(input).home);
  const none = warning("browser", "None has run for you yet.", "later: partyline install");
  const found = targets.length > 0 ? await Promise.all(targets.map(checkBrowser)) : [none];
  return [...found, ...sandboxed.map((words) => warning("browser", words, "then: partyline install"))];
}

function line({ what, state, words, next }: Finding): string {
  const advice = next === undefined ? "" : ` ${next[0]?.toUpperCase() ?? ""}${next.slice(1)}.`;
  return printable(`${MARKS[state]}${what}: ${words}${advice}`);
}
