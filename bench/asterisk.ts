/** A real Asterisk whose conferences (ConfBridge) anybody may call, if there is one: on the PATH, or where ASTERISK says. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../test/support/ports.ts";
import { Program, runToEnd } from "../test/support/processes.ts";

const HOST = "127.0.0.1";
/** Asterisk looks for the next free one by itself. */
const RTP_PORTS = { first: 20_000, last: 29_000 } as const;

interface Installed {
  readonly binary: string;
  readonly version: string;
}

/** Undefined when there is none; rejects when ASTERISK names a program that is not one. */
export async function findAsterisk(): Promise<Installed | undefined> {
  const { ASTERISK: named } = process.env;
  const binary = named ?? "asterisk";
  const { lines } = await runToEnd(binary, { name: "asterisk", args: ["-V"] });
  const [, version] = /^Asterisk (\S+)$/m.exec(lines.join("\n")) ?? [];
  if (version !== undefined) return { binary, version };
  if (named !== undefined) throw new Error(`ASTERISK names no Asterisk: ${named}`);
  return undefined;
}

export class Asterisk {
  readonly port: number;
  readonly program: Program;
  readonly #folder: string;

  private constructor(port: number, program: Program, folder: string) {
    this.port = port;
    this.program = program;
    this.#folder = folder;
  }

  static async start(binary: string): Promise<Asterisk> {
    const folder = await mkdtemp(join(tmpdir(), "partyline-asterisk-"));
    const port = await freePorts();
    try {
      for (const [name, text] of Object.entries(configuration(folder, port)))
        await writeFile(join(folder, name), text);
      const program = await Program.start(binary, {
        name: "asterisk",
        // In the foreground, without colours.
        args: ["-f", "-n", "-C", join(folder, "asterisk.conf")],
        ready: /^Asterisk Ready/,
      });
      return new Asterisk(port, program, folder);
    } catch (cause) {
      await rm(folder, { recursive: true, force: true });
      throw cause;
    }
  }

  /** It takes its time over SIGTERM while calls stand, and is killed then. */
  async stop(): Promise<void> {
    await this.program.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** By file; those that are empty are only there so that it does not complain. */
function configuration(folder: string, port: number): Record<string, string> {
  const empty = "acl ccss cel features http indications manager pjproject stasis statsd udptl".split(" ");
  return {
    ...Object.fromEntries(empty.map((name) => [`${name}.conf`, ""])),
    "asterisk.conf": directories(folder),
    "modules.conf": ["[modules]", "autoload=no", ...MODULES.map((name) => `load = ${name}.so`), ""].join(
      "\n",
    ),
    "logger.conf": "[general]\n[logfiles]\nconsole => error\n",
    // Else it keeps accounts of every two of a conference, and leaves INVITEs unanswered while it does.
    "cdr.conf": "[general]\nenable=no\n",
    "rtp.conf": `[general]\nrtpstart=${RTP_PORTS.first}\nrtpend=${RTP_PORTS.last}\n`,
    "extensions.conf": "[conf]\nexten => _room.,1,ConfBridge($" + "{EXTEN},quietbridge,quietuser)\n",
    "confbridge.conf": CONFBRIDGE,
    "pjsip.conf": pjsip(port),
  };
}

/** Its modules and data are where it was built for, unless the environment says otherwise. */
function directories(folder: string): string {
  const { ASTERISK_MODULES: modules, ASTERISK_DATA: data } = process.env;
  const own = ["etc", "varlib", "db", "key", "agi", "spool", "run", "log"];
  return [
    "[directories]",
    ...own.map((name) => `ast${name}dir => ${folder}`),
    ...(modules ? [`astmoddir => ${modules}`] : []),
    ...(data ? [`astdatadir => ${data}`] : []),
    "[options]",
    "documentation_language = en_US",
    "",
  ].join("\n");
}

/** No more than such calls need. */
const MODULES = [
  ..."chan_pjsip app_confbridge bridge_softmix bridge_simple bridge_holding".split(" "),
  ..."codec_ulaw codec_resample func_callerid res_timing_timerfd pbx_config".split(" "),
  ..."app_dial res_rtp_asterisk res_sorcery_config res_sorcery_memory res_sorcery_astdb".split(" "),
  ..."res_pjproject res_pjsip res_pjsip_session res_pjsip_sdp_rtp res_pjsip_caller_id".split(" "),
  ..."res_pjsip_dtmf_info res_pjsip_endpoint_identifier_anonymous".split(" "),
  ..."res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user".split(" "),
  ..."res_pjsip_logger res_pjsip_nat res_pjsip_rfc3326 res_pjsip_refer res_pjsip_pubsub".split(" "),
  ..."res_statsd func_strings".split(" "),
];

const CONFBRIDGE = `[general]
[quietuser]
type=user
quiet=yes
announce_join_leave=no
announce_only_user=no
music_on_hold_when_empty=no
dsp_drop_silence=yes
[quietbridge]
type=bridge
mixing_interval=20
internal_sample_rate=8000
`;

function pjsip(port: number): string {
  return `[global]
type=global
endpoint_identifier_order=ip,username,anonymous
[system]
type=system
timer_t1=500
[udp]
type=transport
protocol=udp
bind=${HOST}:${port}
[anonymous]
type=endpoint
context=conf
disallow=all
allow=ulaw
rtp_timeout=0
direct_media=no
rtp_symmetric=yes
timers=no
`;
}
