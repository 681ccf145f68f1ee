/** Which programs are on this machine. */
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/** Whether `program` can be started: at its absolute path, or in one of the places that `path` names as PATH does. */
export function isInstalled(program: string, path: string): boolean {
  const places = isAbsolute(program) ? [program] : path.split(delimiter).map((place) => join(place, program));
  return places.some(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
