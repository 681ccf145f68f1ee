/** `partyline install`: tells browsers where the native host is. */
import { dirname, resolve } from "node:path";
import {
  type BrowserName,
  browserNames,
  browsersFound,
  type Home,
  manifestPath,
  profileManifestPath,
  writeLauncher,
  writeManifest,
} from "../desktop/browser-manifests.ts";
import { configHome, dataDir, home } from "../environment.ts";
import { type CliCommand, CommandError, type Input, type Options, print, UsageError } from "./command.ts";

export const INSTALL_OPTIONS: Options = {
  browser: {
    type: "string",
    multiple: true,
    value: "NAME",
    help: `${browserNames.join(", ")}; may be repeated`,
  },
  "user-data-dir": {
    type: "string",
    value: "DIR",
    help: "a Chromium profile directory of its own, and no other",
  },
};

/** One manifest to write or remove. */
export interface Target {
  readonly path: string;
  readonly firefox: boolean;
  readonly words: string;
}

export const install: CliCommand = {
  summary: "Lets every browser found, or those named, start the SIP service.",
  usage: "[--browser NAME]… [--user-data-dir DIR]",
  options: INSTALL_OPTIONS,
  words: [0, 0],
  run: async (input) => {
    const targets = await targetsOf(input);
    if (targets.length === 0) {
      throw new CommandError(
        `No browser was found; name one: partyline install --browser ${browserNames.join("|")}`,
      );
    }
    const launcher = launcherPath(input, targets);
    await writeLauncher(launcher, directoriesOf(input));
    for (const { path, firefox, words } of targets) {
      await writeManifest(path, launcher, firefox);
      print(input.flag("json") ? JSON.stringify({ installed: words, manifest: path }) : `${words}: ${path}`);
    }
    return 0;
  },
};

/** The manifests meant by --browser and --user-data-dir; without both, those of every browser found. */
export async function targetsOf(input: Input): Promise<Target[]> {
  const where: Home = { home: home(), configHome: configHome(), platform: process.platform };
  if (where.platform === "win32") {
    throw new CommandError(
      "On Windows browsers find native hosts by the registry, which is not written yet.",
    );
  }
  const named = input.list("browser").map(browserName);
  const directory = input.text("user-data-dir");
  if (directory !== undefined) {
    if (named.includes("firefox"))
      throw new UsageError("Firefox does not look into --user-data-dir; leave it out.");
    return [{ path: profileManifestPath(resolve(directory)), firefox: false, words: `profile ${directory}` }];
  }
  const browsers = named.length > 0 ? named : await browsersFound(where);
  return browsers.map((browser) => ({
    path: manifestPath(browser, where),
    firefox: browser === "firefox",
    words: browser,
  }));
}

function browserName(name: string): BrowserName {
  const known = browserNames.find((browser) => browser === name);
  if (known === undefined) throw new UsageError(`--browser ${name} is none of ${browserNames.join(", ")}.`);
  return known;
}

/** A profile of its own has a launcher of its own, so that it may have a service of its own. */
export function launcherPath(input: Input, targets: readonly Target[]): string {
  const [first] = targets;
  const ownProfile = input.text("user-data-dir") !== undefined && first;
  const directory = ownProfile ? dirname(first.path) : (input.text("data-dir") ?? dataDir());
  return resolve(directory, "partyline-host.sh");
}

function directoriesOf(input: Input): Record<string, string> {
  const names = {
    config: "PARTYLINE_CONFIG",
    "runtime-dir": "PARTYLINE_RUNTIME_DIR",
    "data-dir": "PARTYLINE_DATA_DIR",
  };
  return Object.fromEntries(
    Object.entries(names).flatMap(([option, name]) => {
      const value = input.text(option);
      return value === undefined ? [] : [[name, resolve(value)]];
    }),
  );
}
