// The command `everlit`.

import { near } from "./near.js";
import { Problem, said } from "./problem.js";
import { HELP, versionOf } from "./help.js";

/** Each command in a chunk of its own: a word of help waits for no library. */
const COMMANDS: Record<string, () => Promise<(words: string[]) => Promise<number>>> = {
  init: async () => (await import("./init.js")).init,
  dev: async () => (await import("./dev.js")).dev,
  doctor: async () => (await import("./doctor.js")).doctor,
};

async function run([name = "", ...words]: string[]): Promise<number> {
  if (name === "--version" || name === "-v" || name === "version") {
    console.log(versionOf());
    return 0;
  }
  if (name === "--help" || name === "-h" || (name === "help" && !words[0])) {
    console.log(HELP.everlit);
    return 0;
  }
  const asked = name === "help" ? (words[0] ?? "") : name;
  const command = Object.hasOwn(COMMANDS, asked) ? COMMANDS[asked] : undefined;
  if (!command) {
    if (!asked) {
      console.error(HELP.everlit);
      return 2;
    }
    const meant = near(asked, Object.keys(COMMANDS));
    throw new Problem(`everlit has no command ${JSON.stringify(asked)}${meant ? `; did you mean "${meant}"?` : ""}`, `It has ${Object.keys(COMMANDS).join(", ")}; everlit --help says more.`);
  }
  if (name === "help" || words.includes("--help") || words.includes("-h")) {
    console.log(HELP[asked as keyof typeof HELP]);
    return 0;
  }
  return (await command())(words);
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  console.error(`error: ${said(error)}`);
  if (error.remedy) console.error(error.remedy);
  process.exitCode = 2;
}
