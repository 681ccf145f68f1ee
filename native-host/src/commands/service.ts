/** `partyline service`: the SIP service in the foreground. */
import { fileURLToPath } from "node:url";
import type { CliCommand, Input } from "./command.ts";
import { portsFrom } from "./ports.ts";

export const service: CliCommand = {
  summary: "Runs the SIP service until Ctrl-C; browsers start it by themselves.",
  usage: "[--config FILE] [--runtime-dir DIR] [--data-dir DIR] [--port-base N] [--sip-port N] [--flow]",
  options: {
    "sip-port": { type: "string", value: "N", help: "SIP port, 0 for any free one (5060)" },
    flow: { type: "boolean", help: "print every SIP message as one line of a call flow" },
  },
  words: [0, 0],
  run: async (input) => {
    const daemon = fileURLToPath(new URL("../../bin/daemon.mjs", import.meta.url));
    process.argv.splice(1, process.argv.length, daemon, ...daemonArguments(input));
    // The service keeps the process alive from here on and sets its exit code itself.
    await import(daemon);
    return 0;
  },
};

function daemonArguments(input: Input): string[] {
  const base = input.text("port-base");
  const moved = base === undefined ? undefined : portsFrom(base);
  const port = input.text("sip-port") ?? moved?.service;
  const passed = ["config", "runtime-dir", "data-dir", "bind", "log-level"].flatMap((name) => {
    const value = input.text(name);
    return value === undefined ? [] : [`--${name}`, value];
  });
  return [
    ...passed,
    ...(port === undefined ? [] : ["--sip-port", String(port)]),
    ...(moved ? ["--conference-port", String(moved.conference)] : []),
    ...(input.flag("flow") ? ["--flow"] : []),
  ];
}
