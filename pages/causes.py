"""The board: the likeliest cause as one sentence with its proof, the rivals below it."""

from pages.parts.board import board_page

board_page()
