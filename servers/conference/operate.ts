/** Puts a conference server into the hands of those who operate it: control API, metrics and drain. */

import type { Running, Surroundings } from "../process.ts";
import { Admin } from "./admin.ts";
import type { ControlSettings } from "./control-api/options.ts";
import { openControlApi } from "./control-api/server.ts";
import { readToken } from "./control-api/token.ts";
import { countConferences } from "./metrics.ts";
import type { ConferenceServer } from "./server.ts";

const DRAIN_LIMIT_S = 3_600;

/** The running server with what belongs to it; when the control API cannot begin, the server is closed again. */
export async function operate(
  server: ConferenceServer,
  control: ControlSettings | undefined,
  { log, metrics, end }: Pick<Surroundings, "log" | "metrics" | "end">,
): Promise<Running> {
  const host = server.address.replace(/^sips?:/, "");
  const admin = new Admin({ focus: server.focus, entity: (id) => `sip:${id}@${host}` });
  if (metrics) countConferences(metrics, server);
  const drain = (limitS: number) => {
    log.info({ limitS }, "draining: no conference begins any more");
    admin.drain({
      limitMs: 1000 * limitS,
      onDrained: () => {
        log.info(admin.counts, "drained");
        end();
      },
    });
  };
  const onSignal = () => drain(DRAIN_LIMIT_S);
  process.on("SIGUSR1", onSignal);
  const close = async () => {
    process.off("SIGUSR1", onSignal);
    admin.close();
    await server.close();
  };
  if (!control) return { ...server, close };
  const { host: at, port, file } = control;
  try {
    const token = await readToken(file);
    const api = await openControlApi({
      host: at,
      port,
      token,
      admin,
      log,
      drain,
      mixers: () => server.mixers(),
      metrics: async () => (await metrics?.text()) ?? "",
    });
    log.info({ tokenFile: file }, `control API and operators' page at ${api.address}`);
    return {
      ...server,
      async close() {
        await api.close();
        await close();
      },
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}
