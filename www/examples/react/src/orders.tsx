import { useState } from "react";
import { isSessionError } from "everlit";
import { useSession } from "everlit/react";

interface Order {
  readonly id: string;
  readonly item?: string;
}

/** What the API says, called through the Worker. */
export function Orders() {
  const session = useSession();
  const [orders, setOrders] = useState<readonly Order[]>([]);
  const [problem, setProblem] = useState("");

  async function list() {
    try {
      const response = await session?.fetch("/api/orders");
      setOrders(((await response?.json()) ?? []) as Order[]);
      setProblem("");
    } catch (error) {
      if (!isSessionError(error)) throw error;
      setProblem(error.code);
    }
  }

  return (
    <>
      <button id="call" onClick={() => void list()}>
        Call the API
      </button>
      {problem && <p role="alert">{problem}</p>}
      <ul id="orders">
        {orders.map(({ id, item }) => (
          <li key={id}>{item ?? `Order ${id}`}</li>
        ))}
      </ul>
    </>
  );
}
