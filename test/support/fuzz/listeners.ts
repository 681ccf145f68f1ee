/** The SIP listeners and the API as processes of their own, set up so that the hostile crowd is called as well as calling. */
import { Crowd as People } from "../crowd.ts";
import { Daemon } from "../daemon.ts";
import { freePorts } from "../ports.ts";
import type { Program } from "../processes.ts";
import { randomFrom } from "../random.ts";
import { startServer } from "../servers.ts";
import { ApiFuzzer } from "./api-fuzzer.ts";
import { Fuzzer, type FuzzOptions } from "./fuzzer.ts";
import { goodRequest } from "./seeds.ts";

const HOST = "127.0.0.1";

export interface Listener {
  readonly program: Program;
  readonly fuzzer: Hostile;
  stop(): Promise<void>;
}

/** Who breaks messages for a listener and knows what a good one is answered. */
export type Hostile = Pick<Fuzzer, "run" | "replay" | "answersGood" | "close">;

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

  /** Calls go to people who pick up, so that broken commands meet calls. */
  async api(crowd) {
    const people = await People.open(randomFrom(crowd.seed));
    const devices = [{ kind: "sip", id: "soft", uri: people.address("soft"), anchor: true }];
    const config = {
      sip: { outboundProxy: people.address("proxy") },
      devices,
      api: { tcp: { port: 0, tokenFile: "api.token" } },
    };
    const daemon = await Daemon.start({ name: "alice", config });
    const [, port = ""] = await daemon.program.says(/API on 127\.0\.0\.1:(\d+)/);
    const fuzzer = new ApiFuzzer({ ...crowd, target: { path: daemon.socketPath, tcpPort: Number(port) } });
    return together(daemon.program, fuzzer, async () => {
      await daemon.stop();
      await people.agent.close();
    });
  },

  async service(crowd) {
    const daemon = await Daemon.start({ name: "alice" });
    const [, port = ""] = await daemon.program.says(/SIP on sip:[^"]*:(\d+)/);
    const fuzzer = await Fuzzer.open({ ...crowd, target: { host: HOST, port: Number(port), user: "alice" } });
    return together(daemon.program, fuzzer, () => daemon.stop());
  },
};

function together(program: Program, fuzzer: Hostile, end: () => Promise<unknown>): Listener {
  return {
    program,
    fuzzer,
    async stop() {
      fuzzer.close();
      await end();
    },
  };
}
