/** The directory of the API socket: only its owner may enter it, and one service at a time owns it. */
import { lstatSync } from "node:fs";
import { chmod, lstat, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** The socket cannot be opened here; the message is one sentence with what to do. */
export class SocketDirectoryError extends Error {
  override readonly name = "SocketDirectoryError";
}

/** sun_path holds 108 bytes on Linux and 104 on macOS, a NUL included. */
const MAX_PATH_BYTES = 103;

/**
 * Makes the directory with mode 0700, or checks that it is ours alone, and takes it. Plain Node cannot ask a socket
 * for its peer's uid (SO_PEERCRED), so the directory's mode is what keeps other users out; `closedToOthers` looks again for each client.
 */
export async function takeDirectory(directory: string): Promise<{ release(): void }> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await checkOwner(directory);
  const lock = lockFile(join(directory, "api.lock"));
  return { release: () => lock.close() };
}

async function checkOwner(directory: string): Promise<void> {
  if (process.platform === "win32") return;
  const status = await lstat(directory);
  if (!status.isDirectory()) throw new SocketDirectoryError(`${directory} is not a directory.`);
  if (status.uid !== process.getuid?.()) {
    throw new SocketDirectoryError(
      `${directory} belongs to another user; choose another with --runtime-dir.`,
    );
  }
  const mode = status.mode & 0o777;
  if ((mode & 0o077) !== 0) {
    const shown = mode.toString(8);
    throw new SocketDirectoryError(
      `${directory} is open to other users (mode ${shown}); run: chmod 700 "${directory}"`,
    );
  }
}

/**
 * Whether still nobody else can have come in: asked for each client, since a mode may be changed after the start. This
 * is what SO_PEERCRED would tell: who connects has passed a directory that only this user (and root) may enter.
 */
export function closedToOthers(directory: string): boolean {
  if (process.platform === "win32") return true;
  const status = lstatSync(directory, { throwIfNoEntry: false });
  return status?.uid === process.getuid?.() && ((status?.mode ?? 0o777) & 0o077) === 0;
}

/** Node has no flock; a lock of SQLite is the operating system's, atomic, and falls with the process. */
function lockFile(path: string): DatabaseSync {
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    throw new SocketDirectoryError("Another Partyline service is running in this directory.", { cause });
  }
  return lock;
}

/** Removes what a killed service left at `path`; only whoever has taken the directory may call it. */
export async function clearStaleSocket(path: string): Promise<void> {
  if (process.platform === "win32") return;
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new SocketDirectoryError(`${path} is too long for a socket; choose a shorter --runtime-dir.`);
  }
  const status = await lstat(path).catch(() => undefined);
  if (!status) return;
  if (!status.isSocket())
    throw new SocketDirectoryError(`${path} is in the way and not a socket; remove it.`);
  await rm(path);
}

/** Only the owner may connect. */
export async function closeToOthers(path: string): Promise<void> {
  if (process.platform !== "win32") await chmod(path, 0o600);
}
