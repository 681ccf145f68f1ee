/** The three SIP listeners as processes of their own, set up so that the hostile crowd is called as well as calling. */
import { Daemon } from "../daemon.ts";
import { freePorts } from "../ports.ts";
import type { Program } from "../processes.ts";
import { startServer } from "../servers.ts";
import { Fuzzer, type FuzzOptions } from "./fuzzer.ts";
import { goodRequest } from "./seeds.ts";

const HOST = "127.0.0.1";

export interface Listener {
  readonly program: Program;
  readonly fuzzer: Fuzzer;
  stop(): Promise<void>;
}

type Crowd = Omit<FuzzOptions, "target">;

/** Starts a listener and the crowd before it. */
export const LISTENERS: Readonly<Record<string, (crowd: Crowd) => Promise<Listener>>> = {
  async proxy(crowd) {
    const server = await startServer("proxy", { args: ["--log-level", "silent"] });
    const target = { host: HOST, port: server.port, user: "films" };
    const fuzzer = await Fuzzer.open({ ...crowd, target });
    // Who calls films calls the crowd.
    fuzzer.says(goodRequest("REGISTER", "home", target, fuzzer.contactPort));
    return together(server.program, fuzzer, () => server.stop());
  },

  /** The crowd is also its mixer. */
  async conference(crowd) {
    const contactPort = await freePorts();
    const args = ["--mixer", `sip:${HOST}:${contactPort}`, "--log-level", "silent"];
    const server = await startServer("conference", { args });
    const target = { host: HOST, port: server.port, user: "films" };
    const fuzzer = await Fuzzer.open({ ...crowd, target, contactPort });
    return together(server.program, fuzzer, () => server.stop());
  },

  async service(crowd) {
    const daemon = await Daemon.start({ name: "alice" });
    const [, port = ""] = await daemon.program.says(/SIP on sip:[^"]*:(\d+)/);
    const fuzzer = await Fuzzer.open({ ...crowd, target: { host: HOST, port: Number(port), user: "alice" } });
    return together(daemon.program, fuzzer, () => daemon.stop());
  },
};

function together(program: Program, fuzzer: Fuzzer, end: () => Promise<unknown>): Listener {
  return {
    program,
    fuzzer,
    async stop() {
      fuzzer.close();
      await end();
    },
  };
}
