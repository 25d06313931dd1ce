import { Box, Text, useApp, useInput, useWindowSize } from 'ink';
import { memo, useEffect, useSyncExternalStore } from 'react';
import { layoutScreen } from './layout-screen.ts';
import type { Line } from './line.ts';
import { suspendProcess } from './suspend-process.ts';
import { toKeyPresses } from './to-key-presses.ts';
import type { TopSession } from './top-session.ts';

export interface ScreenProps {
  readonly session: TopSession;
  /** The screen sets this function, which stops the process and restores the screen when it continues. */
  readonly suspend: { current: () => void };
}

/** The screen of `olla ctl top`. It passes keys to the session and draws the lines of its view. */
export function Screen({ session, suspend }: ScreenProps) {
  const view = useSyncExternalStore(session.subscribe, session.view);
  const { columns, rows } = useWindowSize();
  useInput((input, key) => {
    for (const press of toKeyPresses(input, key)) session.press(press, { columns, rows });
  });
  const { suspendTerminal } = useApp();
  useEffect(() => {
    suspend.current = () => void suspendTerminal(suspendProcess);
  }, [suspend, suspendTerminal]);
  const { lines } = layoutScreen(view, { columns, rows });
  return (
    <Box flexDirection="column">
      {lines.map((line, index) => (
        <Row key={index} line={line} />
      ))}
    </Box>
  );
}

/** One Text per row, because a Box per cell takes two to three times the CPU. */
const Row = memo(function Row({ line }: { readonly line: Line }) {
  if (line.length === 0) return <Text> </Text>;
  return (
    <Text wrap="truncate">
      {line.map(({ text, color, bold, inverse }, index) => (
        <Text key={index} {...(color ? { color } : {})} bold={bold === true} inverse={inverse === true}>
          {text}
        </Text>
      ))}
    </Text>
  );
});
