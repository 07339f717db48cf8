"""A document of each language that has a grammar, with the statements that parsers cut wrongly."""

SOURCES = {
    "python": """\
# Licence: free.

import os

LIMIT = 3; STEP = 1


class Größe:
    '''A size.'''

    @property
    # why not
    def überschrift(self):
        if self.a:
            return "ä\u2028ö"
        elif self.b:
            x = 1  # trailing
        else:
            x = 2
        match x:
            case 1:
                return os.sep
        return x
""",
    "cpp": """\
#ifndef A_H
#define A_H
#include <vector>

namespace a {

// Counts.
template <typename T>
class Counter : public Base {
 public:
  explicit Counter(T start) : value_(start) {}
  ~Counter() override;

  int next() {
    switch (value_) {
      case 1:
        value_ += 2;
        break;
      default:
        return 0;
    }
    return ++value_;
  }

 private:
  T value_;
};

}  // namespace a
#endif
""",
    "java": """\
package a.b;

import java.util.List;

/** A stack. */
@Deprecated
public class Stack<T> extends Base {
    private final List<T> items;

    public Stack(List<T> items) {
        super(items);
        this.items = items;
    }

    @Override
    public int size() {
        switch (items.size()) {
            case 0:
                log("empty");
                return 0;
            default:
                break;
        }
        for (T item : items) {
            visit(item);
        }
        return items.size();
    }

    enum Colour {
        RED, GREEN;

        boolean warm() {
            return this == RED;
        }
    }
}
""",
    "typescript": """\
import { Component } from "core";

interface User {
  name: string;
}

@Component({ selector: "app" })
export class App {
  private readonly users: User[] = [];

  constructor(private service: Service) {
    super();
  }

  @Input()
  async load(id: number): Promise<void> {
    switch (id) {
      case 1:
        await this.service.one();
        break;
      default:
        return;
    }
    const found = <User>await this.service.find(id); this.users.push(found);
  }
}
""",
    "shell": """\
#!/bin/sh
set -eu

# Say it.
greet() {
  local name=$1
  if [ -z "$name" ]; then
    echo nobody
  elif [ "$name" = root ]; then
    echo master
  else
    echo "$name"
  fi
}

for file in *.txt; do
  case $file in
    a*) greet a
        greet b
        ;;
    *) continue ;;
  esac
  cat <<EOF
text $file
EOF
done
""",
    "csharp": """\
using System;

namespace A.B
{
    /// <summary>A point.</summary>
    [Serializable]
    public class Point : Shape
    {
        #region fields
        private int x = 1;
        #endregion

        public int X { get; set; }

        public Point(int x) : base(x)
        {
            this.x = x;
        }

        public override int Area()
        {
            switch (x)
            {
                case 1:
                    Log("one");
                    break;
                default:
                    return 0;
            }
            return x * 2;
        }
    }
}
""",
    "rust": """\
use std::fmt;

/// A pair.
#[derive(Debug, Clone)]

pub struct Pair {
    a: i32,
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let total = match self.a {
            1 => 2,
            _ => {
                let b = self.a;
                b + 1
            }
        };
        // Written.
        write!(f, "{}", total)
    }
}

#[test]
fn adds() {
    assert_eq!(1 + 1, 2);
}
""",
    "php": """\
<html>
<?php
namespace A;

/** A cart. */
class Cart extends Base
{
    private array $items = [];

    #[Pure]
    public function total(int $rate): int
    {
        switch ($rate) {
            case 1:
                $rate = 2;
                break;
            default:
                return 0;
        }
        foreach ($this->items as $item) {
            $sum += $item->price;
        }
        return $sum * $rate;
    }
}

echo (new Cart())->total(1); ?>
<p>
<?php if ($x): ?>
  yes
<?php endif; ?>
""",
    "swift": """\
import Foundation

/// A queue.
@objc final class Queue: NSObject {
    private var items: [Int] = []

    init(items: [Int]) {
        self.items = items
    }

    @discardableResult
    func pop() -> Int? {
        guard !items.isEmpty else {
            return nil
        }
        switch items.count {
        case 1:
            print("last")
        default:
            break
        }
        return items.removeFirst()
    }
}

enum Colour {
    case red
    case green
}
""",
}
SOURCES["c"] = '#include <stdio.h>\n\nint main(void)\n{\n\tint class_of = 1;\n\tputs("x");\n\treturn class_of;\n}\n'
SOURCES["javascript"] = "'use strict';\n\nconst a = () => {\n  b();\n  return <p>{c}</p>;\n};\nmodule.exports = a;\n"
