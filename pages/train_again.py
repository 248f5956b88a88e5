"""Would a new training help, and with which rows?"""

from pages.parts.train_again import train_again_page

train_again_page()
