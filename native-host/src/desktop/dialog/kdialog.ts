/** KDE's dialogs. */
import { runProgram } from "../run-program.ts";
import { chosen, type Dialog, notShown, rowsOf, sentenceOf } from "./dialog.ts";

const CANCELLED = 1;

export const kdialog: Dialog = async (question, signal) => {
  const rows = rowsOf(question);
  const [first] = rows;
  const args = [
    "--title",
    "Partyline",
    ...(first ? ["--default", first.label] : []),
    "--menu",
    sentenceOf(question),
    ...rows.flatMap(({ key, label }) => [key, label.replace(/^-+/, "")]),
  ];
  const { code, output } = await runProgram({ program: "kdialog", args, signal });
  if (code !== 0 && code !== CANCELLED) throw notShown("kdialog", code);
  return code === 0 ? chosen(rows, output) : undefined;
};
