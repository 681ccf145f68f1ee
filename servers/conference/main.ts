/** Starts the conference server from its command line. */

import { isSipUri, parseUri } from "#sip/uri.ts";
import { openOwnMixer } from "../media-server/own-mixer.ts";
import { COMMON_USAGE, commonOptions, readPort, runServer } from "../process.ts";
import { readTransports, TRANSPORT_OPTIONS, TRANSPORT_USAGE } from "../transports.ts";
import { loadCredentials, watchUsers } from "../users.ts";
import { ADMISSION_OPTIONS, ADMISSION_USAGE, readAdmissionOptions } from "./admission-options.ts";
import { CONTROL_OPTIONS, CONTROL_USAGE, readControlOptions } from "./control-api/options.ts";
import { MIXER_OPTIONS, MIXER_USAGE, OWN_USAGE, readMixers } from "./mixer-options.ts";
import { Moderators } from "./moderators.ts";
import { operate } from "./operate.ts";
import { openConferenceServer } from "./server.ts";

const USAGE = `conference [--bind ADDRESS] [--port N] [--mixer URI|own]... [--moderator URI]... [--users FILE]
      [--outbound-proxy URI [--credentials FILE]] [--control-token FILE] [--control-port N] [--control-bind ADDRESS]
      [--factory NAME] [--state FILE] [--session SECONDS] [--trusted-proxy ADDRESS]... [--join-rate N] [--join-rate-all N]
      [--certificate FILE --key FILE] [--tls-port N] [--ca FILE] [--ws-port N] [--wss-port N] [--origin URL]...
      [--name-server IP]... [--log-level LEVEL] [--flow]

  --bind ADDRESS     where to listen, UDP and TCP (127.0.0.1)
  --port N           SIP port, 0 for any free one (5080)
${MIXER_USAGE}  --moderator URI    may invite, remove and mute anybody and lock any conference; may be repeated. Needs --users
  --users FILE       the passwords of the moderators, one a line as partyline passwd makes it; read again when it changes
  --outbound-proxy URI  people are called into conferences by this proxy
  --credentials FILE  what it is shown when it asks for a password: a line as partyline passwd makes it
${ADMISSION_USAGE}${CONTROL_USAGE}${TRANSPORT_USAGE.replace("the one after --port", "two after --port")}${COMMON_USAGE}
${OWN_USAGE}
SIGUSR1 drains the server: no conference begins any more, and it ends when nobody is left, or after an hour.
`;

await runServer({
  name: "conference",
  usage: USAGE,
  options: {
    ...commonOptions(5080),
    ...MIXER_OPTIONS,
    moderator: { type: "string", multiple: true, default: [] as string[] },
    users: { type: "string" },
    "outbound-proxy": { type: "string" },
    credentials: { type: "string" },
    ...ADMISSION_OPTIONS,
    ...CONTROL_OPTIONS,
    ...TRANSPORT_OPTIONS,
  },
  read({ bind, port, mixer, rtp, codecs, moderator: names, users: file, credentials, ...more }) {
    const { "outbound-proxy": proxy, ...transports } = more;
    const mixing = readMixers({ bind, mixer, rtp, codecs });
    const odd = names.find((name) => !isSipUri(name) || parseUri(name)?.user === undefined);
    if (odd !== undefined) throw new Error(`--moderator ${odd} is not somebody's SIP URI.`);
    if (names.length > 0 && file === undefined)
      throw new Error("--moderator needs --users, or anybody could say that he is one.");
    if (proxy !== undefined && !isSipUri(proxy))
      throw new Error(`--outbound-proxy ${proxy} is not a SIP URI.`);
    if (credentials !== undefined && proxy === undefined)
      throw new Error("--credentials are for the proxy that --outbound-proxy names.");
    // The port after --port is the control API's.
    const secure = readTransports(transports, port === "0" ? 0 : readPort(port) + 1);
    const listens = { host: bind, port: readPort(port), ...secure };
    const control = readControlOptions(more, listens.port);
    const admission = readAdmissionOptions(more);
    return { ...listens, ...admission, control, mixing, names, file, proxy, credentials };
  },
  measured: ({ control }) => control !== undefined,
  open: async ({ control, mixing, names, file, proxy, credentials, ...settings }, surroundings) => {
    const { log, trace } = surroundings;
    const { mixers, media } = mixing;
    const own = media && (await openOwnMixer({ host: settings.host, ...media, log }));
    if (own) process.on("SIGUSR2", () => void own.dump().then((dump) => log.info({ dump }, "dump")));
    const server = await openConferenceServer({
      ...settings,
      mixers,
      ...(own && { own }),
      log,
      ...(proxy !== undefined && { outboundProxy: proxy }),
      ...(credentials !== undefined && { credentials: await loadCredentials(credentials) }),
      ...(file !== undefined && {
        moderators: new Moderators(
          names,
          await watchUsers(file, (err) => log.error({ err }, "old users stay")),
        ),
      }),
      ...trace(Object.fromEntries(mixers.map((uri, at) => [uri.replace(/^sips?:/, ""), nameOf(at)]))),
    });
    return operate(server, control, surroundings);
  },
});

/** In the call flow: mixer, mixer 2, mixer 3. */
function nameOf(at: number): string {
  return at === 0 ? "mixer" : `mixer ${at + 1}`;
}
