/**
 * Brings what a checkout needs before anything else can run: npm packages, Node 24 among them, and the system's
 * browser and SIP programs. Plain JavaScript on built-ins only, because the Node that starts it may be any.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const MODULES = path.join(ROOT, "node_modules");
const STAMP = path.join(MODULES, ".partyline-setup");
const WINDOWS = process.platform === "win32";

/** What must be there, how to see that it is, and what each package manager calls it. */
const TOOLS = [
  {
    name: "Chromium",
    found: () =>
      ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].some(onPath) ||
      fs.existsSync("/Applications/Google Chrome.app") ||
      fs.existsSync("/Applications/Chromium.app") ||
      fs.existsSync("C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe"),
    apt: ["chromium"],
    brew: "--cask google-chrome",
    dnf: "chromium",
    pacman: "chromium",
  },
  {
    name: "baresip",
    found: () => onPath("baresip"),
    apt: ["baresip"],
    brew: "baresip",
    dnf: "baresip",
    pacman: "baresip",
  },
  {
    name: "Linphone",
    found: () => onPath("linphonec"),
    apt: ["linphone-cli"],
    brew: "linphone",
    dnf: "linphone",
    pacman: "liblinphone",
  },
  {
    name: "sipp",
    found: () => onPath("sipp"),
    apt: ["sip-tester"],
    brew: "sipp",
    dnf: "sipp",
    pacman: "sipp",
  },
  {
    name: "Kamailio",
    found: kamailioIsWhole,
    apt: ["kamailio", "kamailio-tls-modules", "kamailio-websocket-modules"],
    installed: (prefix) => keepQuiet(prefix, "kamailio"),
    brew: "kamailio",
    dnf: "kamailio kamailio-tls kamailio-websocket",
    pacman: "kamailio",
  },
  {
    name: "Janus",
    found: janusMixes,
    apt: ["janus"],
    installed: (prefix) => keepQuiet(prefix, "janus"),
    brew: "janus-gateway",
    dnf: "janus",
    pacman: "janus-gateway",
  },
  {
    name: "PulseAudio",
    found: () => onPath("pulseaudio") && onPath("parec") && alsaSpeaksPulse(),
    apt: ["pulseaudio", "pulseaudio-utils", "libasound2-plugins"],
    brew: "pulseaudio",
    dnf: "pulseaudio pulseaudio-utils alsa-plugins-pulseaudio",
    pacman: "pulseaudio alsa-plugins",
  },
  {
    name: "xmllint and Python",
    found: () => onPath("xmllint") && onPath("python3"),
    apt: ["libxml2-utils", "python3"],
    brew: "libxml2 python3",
    dnf: "libxml2 python3",
    pacman: "libxml2 python",
  },
  {
    name: "zenity, xdotool, Xvfb and xdg-open",
    found: () =>
      process.platform !== "linux" || ["zenity", "xdotool", "Xvfb", "xdg-open", "gio"].every(onPath),
    apt: ["zenity", "xdotool", "xvfb", "xdg-utils", "libglib2.0-bin"],
    brew: "",
    dnf: "zenity xdotool xorg-x11-server-Xvfb xdg-utils glib2",
    pacman: "zenity xdotool xorg-server-xvfb xdg-utils glib2",
  },
];

function say(text) {
  process.stdout.write(`setup: ${text}\n`);
}

/** Finds a program on PATH without starting a shell. */
function onPath(program) {
  const names = WINDOWS ? [`${program}.exe`, `${program}.cmd`] : [program];
  const folders = (process.env.PATH || "").split(path.delimiter).filter(Boolean);
  return folders.some((folder) => names.some((name) => fs.existsSync(path.join(folder, name))));
}

/** baresip reaches PulseAudio through this plug-in of ALSA; only Linux has ALSA. */
function alsaSpeaksPulse() {
  if (process.platform !== "linux") return true;
  const plugin = "alsa-lib/libasound_module_pcm_pulse.so";
  const folders = ["/usr/lib", "/usr/lib64", ...multiarchFolders()];
  return folders.some((folder) => fs.existsSync(path.join(folder, plugin)));
}

/** Its modules come in packages of their own; /usr/sbin is on few users' PATH. */
function kamailioIsWhole() {
  const program = onPath("kamailio") || fs.existsSync("/usr/sbin/kamailio");
  if (process.platform !== "linux") return program;
  const folders = ["/usr/lib", "/usr/lib64", ...multiarchFolders()];
  return (
    program &&
    ["tls.so", "websocket.so"].every((module) =>
      folders.some((folder) => fs.existsSync(path.join(folder, "kamailio/modules", module))),
    )
  );
}

/** Its mixer is a plug-in, and what we speak to it by another. */
function janusMixes() {
  if (process.platform !== "linux") return onPath("janus");
  const folders = ["/usr/lib", "/usr/lib64", ...multiarchFolders()];
  return (
    onPath("janus") &&
    ["plugins/libjanus_audiobridge.so", "transports/libjanus_websockets.so"].every((module) =>
      folders.some((folder) => fs.existsSync(path.join(folder, "janus", module))),
    )
  );
}

/** We need the program, not a server that starts with the machine. */
function keepQuiet(prefix, service) {
  if (!onPath("systemctl")) return;
  const now = fs.existsSync("/run/systemd/system") ? ["--now"] : [];
  const [program, ...rest] = [...prefix, "systemctl", "disable", ...now, service];
  run(program, rest);
}

function multiarchFolders() {
  return fs
    .readdirSync("/usr/lib")
    .filter((name) => name.endsWith("-linux-gnu") || name.endsWith("-linux-gnueabihf"))
    .map((name) => path.join("/usr/lib", name));
}

/** Runs a program quietly; its output is shown only when it fails. */
function run(program, args, options) {
  const result = spawnSync(program, args, {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
  });
  const output = `${result.stdout || ""}${result.stderr || ""}${result.error ? result.error.message : ""}`;
  return { ok: result.status === 0, output };
}

/** npm as it was started, else npm on PATH. A HOME that cannot be written must not stop it: the cache goes elsewhere. */
function runNpm(args) {
  const env = { ...process.env, PUPPETEER_SKIP_DOWNLOAD: "true" };
  if (!homeWritable()) {
    const home = path.join(os.tmpdir(), `partyline-home-${process.pid}`);
    fs.mkdirSync(home, { recursive: true, mode: 0o700 });
    Object.assign(env, { HOME: home, npm_config_cache: path.join(home, "npm") });
  }
  const cli = process.env.npm_execpath;
  if (cli && /\.c?js$/.test(cli) && fs.existsSync(cli)) return run(process.execPath, [cli, ...args], { env });
  return run(WINDOWS ? "npm.cmd" : "npm", args, { env, shell: WINDOWS });
}

function homeWritable() {
  try {
    fs.accessSync(WINDOWS ? os.homedir() : process.env.HOME || os.homedir(), fs.constants.W_OK);
    return true;
  } catch (_) {
    return false;
  }
}

function fail(sentence, output) {
  process.stderr.write(`${output.trim().split("\n").slice(-20).join("\n")}\nsetup: ${sentence}\n`);
  process.exit(1);
}

function fingerprint() {
  const lock = fs.readFileSync(path.join(ROOT, "package-lock.json"));
  return `${createHash("sha256").update(lock).digest("hex")} ${process.platform} ${process.arch}\n`;
}

function stamped() {
  try {
    return fs.readFileSync(STAMP, "utf8");
  } catch (_) {
    return "";
  }
}

/** Packages exactly as package-lock.json says; again only when it changed. */
function bringPackages() {
  const wanted = fingerprint();
  if (stamped() === wanted && nodeIs24()) return;
  const startedAt = Date.now();
  say("installing npm packages (once, and when package-lock.json changes) ...");
  const { ok, output } = runNpm(["ci", "--no-audit", "--no-fund"]);
  if (!ok) fail("npm ci failed; the lines above say why.", output);
  bringNode();
  fs.writeFileSync(STAMP, wanted);
  say(`npm packages installed in ${Math.round((Date.now() - startedAt) / 1000)} s`);
}

function nodeIs24() {
  const program = path.join(MODULES, "node", "bin", WINDOWS ? "node.exe" : "node");
  const { ok, output } = run(program, ["--version"]);
  return ok && output.startsWith("v24.");
}

/** Some npm set-ups refuse install scripts; this package's is the one that brings Node 24, so it is run by name. */
function bringNode() {
  if (nodeIs24()) return;
  const folder = path.join(MODULES, "node");
  const { output } = run(process.execPath, ["installArchSpecificPackage"], { cwd: folder });
  if (!nodeIs24()) fail("Node 24 could not be installed into node_modules; the lines above say why.", output);
}

/** What goes before apt-get: nothing as root, `sudo -n` without a password; undefined where apt is no way. */
function aptPrefix() {
  if (process.platform !== "linux" || !onPath("apt-get")) return undefined;
  if (process.getuid() === 0) return [];
  return onPath("sudo") && run("sudo", ["-n", "true"]).ok ? ["sudo", "-n"] : undefined;
}

function apt(prefix, args) {
  // In run level 1 packages start no servers of theirs.
  const env = ["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1"];
  const [program, ...rest] = [...prefix, ...env, "apt-get", "-qq", ...args];
  return run(program, rest);
}

function aptInstall(prefix, tools) {
  say(`installing ${names(tools)} by apt-get ...`);
  apt(prefix, ["update"]);
  const options = ["install", "-y", "--no-install-recommends"];
  const packages = tools.reduce((all, tool) => all.concat(tool.apt), []);
  if (!apt(prefix, [...options, ...packages]).ok) {
    // One missing package must not keep the others away.
    for (const tool of tools) apt(prefix, [...options, ...tool.apt]);
  }
  for (const { installed } of tools) if (installed) installed(prefix);
}

function names(tools) {
  return tools.map((tool) => tool.name).join(", ");
}

function adviceFor(tools) {
  const managers = [
    ["brew", "brew install"],
    ["dnf", "sudo dnf install"],
    ["pacman", "sudo pacman -S"],
  ];
  const found = managers.find(([program]) => onPath(program));
  if (found) return tools.map((tool) => `${found[1]} ${tool[found[0]]}`).join(" && ");
  if (onPath("apt-get")) return `sudo apt-get install ${tools.map((tool) => tool.apt.join(" ")).join(" ")}`;
  return "your system's package manager, or each program's own site";
}

function bringTools() {
  const missing = TOOLS.filter((tool) => !tool.found());
  if (missing.length === 0) return;
  const prefix = aptPrefix();
  if (prefix) aptInstall(prefix, missing);
  const left = missing.filter((tool) => !tool.found());
  if (left.length > 0) say(`please install ${names(left)}: ${adviceFor(left)}`);
}

bringPackages();
bringTools();
say("ready");
