/** What is measured in milliseconds goes before what merely runs on the same machine. */
import { constants, setPriority } from "node:os";

/** Raises our own priority, and with it that of every program we start from now on; only root may, others go on as they are. */
export function takePrecedence(): void {
  try {
    setPriority(constants.priority.PRIORITY_HIGH);
  } catch {
    // Not allowed here: the figures then include whatever else the machine does.
  }
}
