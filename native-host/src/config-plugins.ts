/** The plug-ins of the configuration: which may be used, and what each may do (docs/plug-ins.md). */

import { resolve } from "node:path";
import { ConfigError, type Section } from "./config-section.ts";
import type { PluginRight } from "./tunnel/plugin.ts";

export interface PluginConfig {
  readonly name: string;
  /** Path of the module; undefined for the built-in `sip`. */
  readonly module: string | undefined;
  readonly rights: readonly PluginRight[];
  /** Handed to the plug-in as it is. */
  readonly options: unknown;
}

const RIGHTS: readonly PluginRight[] = ["request", "dialog", "subscribe", "transport"];

/** `directory` is where the configuration is: modules are named from there. Throws ConfigError. */
export function readPlugins(plugins: readonly Section[], directory: string): readonly PluginConfig[] {
  const read = plugins.map((plugin) => readPlugin(plugin, directory));
  const names = read.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new ConfigError(`plugins: "${twice}" is there twice.`);
  return read;
}

function readPlugin(plugin: Section, directory: string): PluginConfig {
  const name = plugin.id("name");
  const module = plugin.text("module");
  const rights = plugin.choices("rights", RIGHTS) ?? [];
  const options = plugin.any("options");
  if ((name === "sip") !== (module === undefined)) {
    throw plugin.mistake("module", 'is the file of the plug-in; only the built-in "sip" has none');
  }
  plugin.end();
  return { name, module: module === undefined ? undefined : resolve(directory, module), rights, options };
}
