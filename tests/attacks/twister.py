"""The generator MT19937-64 (std::mt19937_64; T. Nishimura, 2000) from the outside: its state worked out from 312 of its
numbers, and all that follow."""

SIZE, MIDDLE = 312, 156
MASK = 2**64 - 1
UPPER, LOWER = 0xFFFFFFFF80000000, 0x7FFFFFFF
TWIST = 0xB5026F5AA96619E9


def _undo_right(value, shift, mask=MASK):
    found = value
    for _ in range(64 // shift + 1):
        found = value ^ ((found >> shift) & mask)
    return found


def _undo_left(value, shift, mask):
    found = value
    for _ in range(64 // shift + 1):
        found = value ^ ((found << shift) & mask & MASK)
    return found


def untemper(number):
    """The word of the state that became this number."""
    number = _undo_right(number, 43)
    number = _undo_left(number, 37, 0xFFF7EEE000000000)
    number = _undo_left(number, 17, 0x71D67FFFEDA60000)
    return _undo_right(number, 29, 0x5555555555555555)


def temper(word):
    word ^= (word >> 29) & 0x5555555555555555
    word ^= (word << 17) & 0x71D67FFFEDA60000
    word ^= (word << 37) & 0xFFF7EEE000000000
    return word ^ (word >> 43)


def following(numbers):
    """What comes after these SIZE numbers, without end."""
    state = [untemper(number) for number in numbers]
    assert len(state) == SIZE, "it takes 312 numbers"
    while True:
        for i in range(SIZE):
            word = (state[i] & UPPER) | (state[(i + 1) % SIZE] & LOWER)
            state[i] = state[(i + MIDDLE) % SIZE] ^ (word >> 1) ^ (TWIST if word & 1 else 0)
            yield temper(state[i])
