import { Help, type Command } from 'commander';

const examples = new WeakMap<Command, string>();

/** Sets the examples at the start of a command's help. */
export function withExamples(command: Command, text: string): Command {
  examples.set(command, text);
  return command;
}

/** Formats the help of a command with its examples first. */
export function examplesFirst(command: Command, help: Help): string {
  const rest = Help.prototype.formatHelp.call(help, command, help);
  const shown = examples.get(command);
  if (!shown) return rest;
  return `Examples:${shown.startsWith('\n') ? '' : '\n'}${shown}\n\n${rest}`;
}
