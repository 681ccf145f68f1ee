/** Where Partyline keeps its files, from the environment; the only place that reads it. */
import { createHash } from "node:crypto";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";

interface Environment {
  readonly DISPLAY?: string | undefined;
  readonly HOME?: string | undefined;
  readonly NO_COLOR?: string | undefined;
  readonly PARTYLINE_CONFIG?: string | undefined;
  readonly PARTYLINE_DATA_DIR?: string | undefined;
  readonly PARTYLINE_RUNTIME_DIR?: string | undefined;
  readonly PATH?: string | undefined;
  readonly WAYLAND_DISPLAY?: string | undefined;
  readonly XDG_CURRENT_DESKTOP?: string | undefined;
  readonly XDG_CONFIG_HOME?: string | undefined;
  readonly XDG_DATA_HOME?: string | undefined;
  readonly XDG_RUNTIME_DIR?: string | undefined;
}

/** Directory of the API socket: PARTYLINE_RUNTIME_DIR, else under XDG_RUNTIME_DIR, else ~/.partyline/run. */
export function runtimeDir(environment: Environment = process.env): string {
  const xdg = environment.XDG_RUNTIME_DIR;
  return (
    environment.PARTYLINE_RUNTIME_DIR ||
    (xdg ? join(xdg, "partyline") : join(home(environment), ".partyline", "run"))
  );
}

/** PARTYLINE_CONFIG, else partyline/config.json under XDG_CONFIG_HOME or ~/.config. */
export function configFile(environment: Environment = process.env): string {
  return environment.PARTYLINE_CONFIG || join(configHome(environment), "partyline", "config.json");
}

/** What outlives a restart: PARTYLINE_DATA_DIR, else partyline under XDG_DATA_HOME or ~/.local/share. */
export function dataDir(environment: Environment = process.env): string {
  return environment.PARTYLINE_DATA_DIR || join(dataHome(environment), "partyline");
}

/** Where desktops look for the programs of the user. */
export function dataHome(environment: Environment = process.env): string {
  return environment.XDG_DATA_HOME || join(home(environment), ".local", "share");
}

/** The API socket in a runtime directory; on Windows a pipe named after the user and the directory. */
export function socketPath(directory: string = runtimeDir(), platform: string = process.platform): string {
  if (platform !== "win32") return join(directory, "api.sock");
  const place =
    directory === runtimeDir() ? "" : `-${createHash("sha256").update(directory).digest("hex").slice(0, 8)}`;
  return `\\\\.\\pipe\\partyline-${userInfo().username}${place}`;
}

/** The user's settings directory, where Linux browsers keep their profiles. */
export function configHome(environment: Environment = process.env): string {
  return environment.XDG_CONFIG_HOME || join(home(environment), ".config");
}

/** Whether to write in colours: on a terminal, unless NO_COLOR says no (no-color.org). */
export function wantsColour(
  output: { readonly isTTY?: boolean },
  environment: Environment = process.env,
): boolean {
  return output.isTTY === true && !environment.NO_COLOR;
}

/** Whether windows can be shown, on which desktop, and where programs are. */
export function desktopEnvironment(environment: Environment = process.env): {
  readonly display: boolean;
  readonly desktop: string;
  readonly path: string;
} {
  const { DISPLAY, WAYLAND_DISPLAY, XDG_CURRENT_DESKTOP, PATH } = environment;
  return {
    display: Boolean(DISPLAY || WAYLAND_DISPLAY),
    desktop: XDG_CURRENT_DESKTOP ?? "",
    path: PATH ?? "",
  };
}

/** The user's home directory. */
export function home(environment: Environment = process.env): string {
  return environment.HOME || homedir();
}

/** This process's environment with changes, for a child process. */
export function childEnvironment(
  changes: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const entries = Object.entries({ ...process.env, ...changes });
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
