import * as z from 'zod';
import type { KeyRow } from './key-table.ts';

/** The words that a key accepts, or that the items of a list accept; empty if they are not limited to some words. */
export function choicesOf(schema: unknown): string[] {
  if (schema instanceof z.ZodEnum) return schema.options.map(String);
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional || schema instanceof z.ZodNullable)
    return choicesOf(schema.unwrap());
  if (schema instanceof z.ZodArray) return choicesOf(schema.element);
  return schema instanceof z.ZodPipe ? choicesOf(schema.in) : [];
}

/** The word of a key that a text means. Case is ignored, and `_` is `-`. Text that means none is returned unchanged. */
export function toChoice({ schema, synonyms }: KeyRow, text: string): string {
  const plain = plainWord(text);
  const synonym = Object.hasOwn(synonyms, plain) ? synonyms[plain] : undefined;
  return synonym ?? choicesOf(schema).find((word) => plainWord(word) === plain) ?? text;
}

function plainWord(text: string): string {
  return text.trim().toLowerCase().replaceAll('_', '-');
}
