/** A real Kamailio as registrar and proxy with digest: two users, UDP, TCP and TLS, everything in memory. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type HashName, ha1Of } from "#sip/digest.ts";
import type { SipUri } from "#sip/message.ts";
import { freePorts } from "./ports.ts";
import { Program } from "./processes.ts";

const HOST = "127.0.0.1";
/** /usr/sbin is on few users' PATH. */
const PROGRAM = existsSync("/usr/sbin/kamailio") ? "/usr/sbin/kamailio" : "kamailio";
const CERTIFICATES = fileURLToPath(new URL("certificates/", import.meta.url));

export interface KamailioOptions {
  readonly realm: string;
  /** Password of each user. */
  readonly users: Readonly<Record<string, string>>;
  readonly hash: Extract<HashName, "MD5" | "SHA-256">;
}

export class Kamailio {
  readonly port: number;
  readonly #program: Program;
  readonly #folder: string;

  private constructor(port: number, program: Program, folder: string) {
    this.port = port;
    this.#program = program;
    this.#folder = folder;
  }

  static async start(options: KamailioOptions): Promise<Kamailio> {
    const folder = await mkdtemp(join(tmpdir(), "partyline-kamailio-"));
    const port = await freePorts(2);
    await writeFile(join(folder, "tls.cfg"), tlsConfig());
    const file = join(folder, "kamailio.cfg");
    await writeFile(file, await config(port, folder, options));
    const program = await runKamailio(file, folder);
    return new Kamailio(port, program, folder);
  }

  /** Its address for one of the three transports. */
  uri(transport: "udp" | "tcp" | "tls", user?: string): SipUri {
    const port = transport === "tls" ? this.port + 1 : this.port;
    return `sip:${user === undefined ? "" : `${user}@`}${HOST}:${port};transport=${transport}`;
  }

  /** The address of one of its users. */
  user(name: string): SipUri {
    return `sip:${name}@${HOST}:${this.port}`;
  }

  /** What it logged. */
  get lines(): readonly string[] {
    return this.#program.lines;
  }

  async stop(): Promise<void> {
    await this.#program.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Resolves when it has logged "partyline: ready", which the configuration must have it do. */
export function runKamailio(file: string, folder: string): Promise<Program> {
  // Debian's usual memory manager is slow; in the foreground, its log on stderr, all its files in our folder.
  const args = ["-x", "tlsf", "-X", "tlsf", "-m", "64", "-DD", "-E", "-f", file, "-Y", folder, "-w", folder];
  return Program.start(PROGRAM, { name: "kamailio", args, ready: /partyline: ready/ });
}

export function tlsConfig(): string {
  const key = join(CERTIFICATES, "localhost.key");
  const certificate = join(CERTIFICATES, "localhost.pem");
  return `[server:default]
method = TLSv1.2+
verify_certificate = no
require_certificate = no
private_key = ${key}
certificate = ${certificate}

[client:default]
method = TLSv1.2+
verify_certificate = no
require_certificate = no
`;
}

async function modulePath(): Promise<string> {
  const libraries = (await readdir("/usr/lib")).map((name) => join("/usr/lib", name, "kamailio/modules"));
  return ["/usr/lib/kamailio/modules", ...libraries].find(existsSync) ?? "/usr/lib64/kamailio/modules";
}

/** What every configuration begins with: the port for TCP, the next one for TLS, and the word that it is ready. */
export async function preamble(port: number, folder: string, modules: string): Promise<string> {
  const loaded = modules.split(" ").map((name) => `loadmodule "${name}.so"`);
  return `#!KAMAILIO
debug=1
log_stderror=yes
children=1
tcp_children=1
auto_aliases=no
enable_tls=yes
listen=tcp:${HOST}:${port}
listen=tls:${HOST}:${port + 1}
alias="${HOST}:${port}"
mpath="${await modulePath()}/"
${loaded.join("\n")}
modparam("tls", "config", "${folder}/tls.cfg")
modparam("usrloc", "db_mode", 0)
modparam("registrar", "received_avp", "$avp(rcv)")
modparam("nathelper", "received_avp", "$avp(rcv)")
modparam("rtimer", "timer", "name=up;interval=1;mode=1;")
modparam("rtimer", "exec", "timer=up;route=UP")

route[UP] { if ($var(up) != 1) { $var(up) = 1; xlog("L_ALERT", "partyline: ready\\n"); } }
`;
}

const MODULES = "tls tm sl rr pv maxfwd usrloc registrar siputils textops xlog auth nathelper rtimer";

async function config(port: number, folder: string, options: KamailioOptions): Promise<string> {
  const { realm, users, hash } = options;
  const ha1s = Object.entries(users).map(
    ([username, password]) =>
      `\tif ($au == "${username}") $var(ha1) = "${ha1Of(hash, { username, realm, password })}";`,
  );
  return `${await preamble(port, folder, MODULES)}
server_signature=no
listen=udp:${HOST}:${port}
modparam("registrar", "min_expires", 30)
modparam("rr", "enable_full_lr", 1)
modparam("tm", "failure_reply_mode", 3)
modparam("auth", "algorithm", "${hash === "MD5" ? "" : hash}")
modparam("auth", "qop", "auth")
modparam("auth", "nonce_count", 1)

request_route {
	force_rport();
	if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
	if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
	if (has_totag()) {
		if (loose_route()) { t_relay(); exit; }
		if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
		sl_send_reply("481", "No Such Dialog");
		exit;
	}
	t_check_trans();
	$var(ha1) = "none";
${ha1s.join("\n")}
	if (is_method("REGISTER")) {
		if (!pv_www_authenticate("${realm}", "$var(ha1)", "1")) { www_challenge("${realm}", "1"); exit; }
		if ($au != $tU) { sl_send_reply("403", "Not Your Address"); exit; }
		# Over a connection the phone is called back on that connection.
		if (proto != UDP) fix_nated_register();
		if (!save("location")) sl_reply_error();
		exit;
	}
	if (!pv_proxy_authenticate("${realm}", "$var(ha1)", "1")) { proxy_challenge("${realm}", "1"); exit; }
	if ($au != $fU) { sl_send_reply("403", "Not Your Address"); exit; }
	consume_credentials();
	record_route();
	if (uri == myself && !lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
	if (!t_relay()) sl_reply_error();
	exit;
}
`;
}
