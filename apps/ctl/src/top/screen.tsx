import { Box, Text, useApp, useInput, useWindowSize } from 'ink';
import { memo, useEffect, useSyncExternalStore } from 'react';
import { layoutScreen } from './layout-screen.ts';
import type { Line } from './line.ts';
import { stopUntilContinued } from './stop-until-continued.ts';
import { toPresses } from './to-presses.ts';
import type { TopSession } from './top-session.ts';

export interface ScreenProps {
  readonly session: TopSession;
  /** Filled in here with the way to stop the process and come back. */
  readonly suspend: { current: () => void };
}

/** The whole of `olla ctl top`: keys go to the session, its view comes back as lines. */
export function Screen({ session, suspend }: ScreenProps) {
  const view = useSyncExternalStore(session.subscribe, session.view);
  const { columns, rows } = useWindowSize();
  useInput((input, key) => {
    for (const press of toPresses(input, key)) session.press(press, { columns, rows });
  });
  const { suspendTerminal } = useApp();
  useEffect(() => {
    suspend.current = () => void suspendTerminal(stopUntilContinued);
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

/** One Text a row: boxes for cells cost two to three times the CPU. */
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
