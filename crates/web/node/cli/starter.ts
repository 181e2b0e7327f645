// The package manager that started this command. It may be ended without a word to what it has started: `npx` passes SIGTERM on to a shell,
// and that one ends alone.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";

const LOOK_MS = 500;
const SHELLS = ["sh", "ash", "bash", "dash", "ksh", "zsh", "busybox"];
const PROC = existsSync("/proc/self/stat");

interface Process {
  readonly name: string;
  readonly parent: number;
}

/**
 * Resolves when the package manager that started this process is gone; never where none did, for who starts the command by itself may leave
 * it to run in the background. The end of the standard input says nothing: it is empty from the start in the background.
 */
export function starterGone(): Promise<void> {
  const { npm_lifecycle_event: script, npm_command: command } = process.env;
  if (!script && !command) return new Promise(() => {});
  const parent = process.ppid;
  // Between npm and this there is a shell, where that did not give its place to what it runs.
  const shell = process.platform === "win32" ? undefined : look(parent);
  const manager = shell && SHELLS.includes(shell.name) && shell.parent > 1 ? shell.parent : undefined;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const left = process.platform === "win32" ? !isAlive(parent) : process.ppid !== parent;
      // Where there is /proc, a process that ended and was not yet buried is known by its child having got another parent.
      const above = manager !== undefined && (PROC ? look(parent)?.parent !== manager : !isAlive(manager));
      if (!left && !above) return;
      clearInterval(timer);
      resolve();
    }, LOOK_MS);
    timer.unref();
  });
}

function look(pid: number): Process | undefined {
  try {
    if (!PROC) {
      const [, parent = "", name = ""] = /^\s*(\d+)\s+(.*?)\s*$/.exec(spawnSync("ps", ["-o", "ppid=,comm=", "-p", String(pid)], { encoding: "utf8" }).stdout) ?? [];
      // A shell that somebody logged in to has a dash before its name.
      return parent ? { name: basename(name).replace(/^-/, ""), parent: Number(parent) } : undefined;
    }
    // A name may have spaces and brackets in it; what comes after the last bracket is numbers.
    const [, name = "", parent = ""] = /^\d+ \((.*)\) \S+ (\d+) [^)]*$/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return parent ? { name, parent: Number(parent) } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
