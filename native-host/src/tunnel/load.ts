/** Plug-ins of the configuration: the built-in one by its name, the others as modules. */

import { pathToFileURL } from "node:url";
import type { PluginConfig } from "../config-plugins.ts";
import type { PluginExport, TunnelPlugin } from "./plugin.ts";
import { sipPlugin } from "./sip-plugin.ts";
import type { Granted } from "./tunnels.ts";

/** One sentence for the user: which plug-in cannot be used, and why. */
export class PluginError extends Error {
  override readonly name = "PluginError";
}

/** Loads them all; one that cannot be used is told to `onTrouble` and left out, so that the service still starts. */
export async function loadPlugins(
  configs: readonly PluginConfig[],
  onTrouble: (trouble: PluginError) => void,
): Promise<readonly Granted[]> {
  const loaded = await Promise.all(configs.map((config) => load(config).catch(onTrouble)));
  return loaded.filter((one) => one !== undefined);
}

async function load(config: PluginConfig): Promise<Granted> {
  const { name, rights, module } = config;
  if (module === undefined) return { plugin: sipPlugin(rights), rights: new Set(rights) };
  const plugin = await made(config, module);
  if (plugin.name !== name)
    throw new PluginError(`The plug-in of ${module} calls itself "${plugin.name}", not "${name}".`);
  const missing = plugin.rights.filter((right) => !rights.includes(right));
  if (missing.length > 0) {
    throw new PluginError(
      `The plug-in ${name} needs the rights ${missing.join(", ")}; grant them in its configuration.`,
    );
  }
  return { plugin, rights: new Set(plugin.rights) };
}

async function made({ name, options }: PluginConfig, file: string): Promise<TunnelPlugin> {
  try {
    const { plugin: exported } = await import(pathToFileURL(file).href);
    // A module of the user's own: what it exports is checked below, as far as one can.
    const entry = exported as PluginExport;
    const plugin = typeof entry === "function" ? await entry(options) : entry;
    if (isPlugin(plugin)) return plugin;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new PluginError(`The plug-in ${name} cannot be loaded from ${file}: ${why}`, { cause });
  }
  throw new PluginError(`${file} does not export a plug-in; see docs/plug-ins.md.`);
}

function isPlugin(value: unknown): value is TunnelPlugin {
  if (typeof value !== "object" || value === null) return false;
  return (
    "name" in value && typeof value.name === "string" && "rights" in value && Array.isArray(value.rights)
  );
}
