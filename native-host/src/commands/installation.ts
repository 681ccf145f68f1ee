/** Where everything of an installation is, from the words of `install` and its kin. */
import { dirname, join, resolve } from "node:path";
import {
  type BrowserName,
  browserNames,
  browsersFound,
  type Home,
  manifestPath,
  profileManifestPath,
  type Target,
} from "../desktop/browser-manifests.ts";
import { launcherName } from "../desktop/launchers.ts";
import type { HandlerHome } from "../desktop/sip-handler/handler.ts";
import { configHome, dataDir, dataHome, home } from "../environment.ts";
import { type Input, type Options, UsageError } from "./command.ts";

export const BROWSER_OPTIONS: Options = {
  browser: {
    type: "string",
    multiple: true,
    value: "NAME",
    help: `${browserNames.join(", ")}; may be repeated`,
  },
  "user-data-dir": {
    type: "string",
    value: "DIR",
    help: "a Chromium profile directory of its own, and nothing else",
  },
};

export function whereOf(input: Input): Home & HandlerHome {
  return {
    home: home(),
    configHome: configHome(),
    dataHome: dataHome(),
    dataDir: input.text("data-dir") ?? dataDir(),
    platform: process.platform,
  };
}

/** The manifests meant by --browser and --user-data-dir; without both, those of every browser found, or of `all`. */
export async function targetsOf(input: Input, all?: readonly BrowserName[]): Promise<Target[]> {
  const where = whereOf(input);
  const named = input.list("browser").map(browserName);
  const directory = input.text("user-data-dir");
  if (directory !== undefined) {
    if (named.includes("firefox"))
      throw new UsageError("Firefox does not look into --user-data-dir; leave it out.");
    const path = profileManifestPath(resolve(directory));
    return [{ path, browser: "chromium", words: `profile ${directory}` }];
  }
  const browsers = named.length > 0 ? named : (all ?? (await browsersFound(where)));
  return browsers.map((browser) => ({ path: manifestPath(browser, where), browser, words: browser }));
}

/** Whether the whole installation is meant, not one browser or profile. */
export function isWhole(input: Input): boolean {
  return input.list("browser").length === 0 && input.text("user-data-dir") === undefined;
}

/** A profile of its own has a launcher of its own, so that it may have a service of its own. */
export function bridgePath(input: Input): string {
  const directory = input.text("user-data-dir");
  const name = launcherName("bridge", process.platform);
  if (directory !== undefined) return join(dirname(profileManifestPath(resolve(directory))), name);
  return resolve(whereOf(input).dataDir, name);
}

export function openerPath(input: Input): string {
  return resolve(whereOf(input).dataDir, launcherName("open", process.platform));
}

export function starterPath(input: Input): string {
  return resolve(whereOf(input).dataDir, launcherName("service", process.platform));
}

/** What was said of directories when it was installed holds for the service that is started later. */
export function environmentOf(input: Input): Record<string, string> {
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

function browserName(name: string): BrowserName {
  const known = browserNames.find((browser) => browser === name);
  if (known === undefined) throw new UsageError(`--browser ${name} is none of ${browserNames.join(", ")}.`);
  return known;
}
